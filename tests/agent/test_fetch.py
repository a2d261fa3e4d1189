"""What a peer's URL cannot make this server do (abuse cases on outbound requests)."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from agent import fetch as module
from agent.fetch import GuardedFetch
from protocols.ports.tools import FetchFailed, FetchRefused


@pytest_asyncio.fixture
async def server(aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]) -> RawTestServer:
    """Answers as its path says, and remembers who asked."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/elsewhere":
            return web.Response(status=302, headers={"Location": "/fine"})
        if request.path == "/slow":
            await asyncio.sleep(30)
        if request.path == "/endless":
            response = web.StreamResponse()
            await response.prepare(request)
            for _ in range(1000):
                await response.write(b"x" * 10_000)
            return response
        if request.path == "/squeezed":
            return web.Response(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
        body = await request.read()
        return web.Response(body=body or request.headers["Accept-Encoding"].encode(), content_type="text/plain")

    return await aiohttp_raw_server(answer)


@pytest_asyncio.fixture
async def fetch(server: RawTestServer) -> AsyncIterator[GuardedFetch]:
    made = GuardedFetch(allow=f"localhost:{server.port}")
    yield made
    await made.close()


@pytest_asyncio.fixture
async def strict() -> AsyncIterator[GuardedFetch]:
    made = GuardedFetch()
    yield made
    await made.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://example.com:8443/",
        "https://user:word@example.com/",
        "https:///nobody",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https://127.0.0.1/",
        "https://10.0.0.7/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
    ],
)
async def test_an_address_that_is_not_the_worlds_is_refused_before_anything_is_sent(
    strict: GuardedFetch, url: str
) -> None:
    with pytest.raises(FetchRefused):
        await strict.get(url, "*/*")


async def test_a_name_that_resolves_to_this_machine_is_refused(strict: GuardedFetch) -> None:
    with pytest.raises(FetchFailed):
        await strict.get("https://localhost/", "*/*")


async def test_one_private_address_among_public_ones_refuses_the_name(
    strict: GuardedFetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def both(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("93.184.216.34", "10.0.0.1")
        ]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", both)
    with pytest.raises(FetchFailed):
        await strict.get("https://mixed.example/", "*/*")
    assert asked == ["mixed.example"]


async def test_an_allowed_host_is_asked_on_that_port_only(fetch: GuardedFetch, server: RawTestServer) -> None:
    answer = await fetch.get(f"http://localhost:{server.port}/fine", "text/plain")
    assert (answer.status, answer.media_type, answer.body) == (200, "text/plain", b"identity")
    with pytest.raises(FetchRefused):
        await fetch.get(f"http://localhost:{server.port + 1}/fine", "text/plain")


async def test_a_redirect_is_an_answer_not_an_order(fetch: GuardedFetch, server: RawTestServer) -> None:
    answer = await fetch.get(f"http://localhost:{server.port}/elsewhere", "*/*")
    assert answer.status == 302
    assert answer.headers["location"] == "/fine"


async def test_an_answer_without_end_is_cut(fetch: GuardedFetch, server: RawTestServer) -> None:
    with pytest.raises(FetchFailed, match="too large"):
        await fetch.get(f"http://localhost:{server.port}/endless", "*/*", max_bytes=50_000)


async def test_nothing_is_inflated(fetch: GuardedFetch, server: RawTestServer) -> None:
    assert (await fetch.get(f"http://localhost:{server.port}/squeezed", "*/*")).body == b"\x1f\x8b"


async def test_a_server_that_does_not_answer_is_given_up(
    monkeypatch: pytest.MonkeyPatch, server: RawTestServer
) -> None:
    monkeypatch.setattr(module, "TIMEOUT", module.aiohttp.ClientTimeout(total=0.2))
    hasty = GuardedFetch(allow=f"localhost:{server.port}")
    with pytest.raises(FetchFailed, match="TimeoutError"):
        await hasty.get(f"http://localhost:{server.port}/slow", "*/*")
    await hasty.close()


async def test_a_post_carries_its_body(fetch: GuardedFetch, server: RawTestServer) -> None:
    answer = await fetch.post(f"http://localhost:{server.port}/in", b"{}", "application/json")
    assert answer.body == b"{}"


async def test_nobody_there_is_a_failure(fetch: GuardedFetch, server: RawTestServer) -> None:
    url = f"http://localhost:{server.port}/fine"
    await server.close()
    with pytest.raises(FetchFailed):
        await fetch.get(url, "*/*")
