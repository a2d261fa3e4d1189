"""A response that goes out in one write says what aiohttp's own says, and the rest is left to aiohttp."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.web_request import BaseRequest

from agent.http.adapter import send
from protocols.http import NO_STORE, Reply

ANSWER = Reply(200, b'{"a":1}', "application/json", NO_STORE)


@asynccontextmanager
async def serving(make: Callable[[], Reply]) -> AsyncIterator[int]:
    async def answer(request: BaseRequest) -> web.StreamResponse:
        return await send(request, make())

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def told(reply: Reply, request: bytes) -> bytes:
    """All that comes back until the server closes, or has nothing more to say."""
    async with serving(lambda: reply) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        if b"close" not in request:
            writer.write(b"GET /end HTTP/1.0\r\n\r\n")  # after which the server closes
        try:
            return await reader.read()
        finally:
            writer.close()


def first(answer: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, rest = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return status, dict(line.split(": ", 1) for line in lines), rest


async def test_it_states_length_date_and_every_header() -> None:
    status, headers, rest = first(await told(ANSWER, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
    assert status == "HTTP/1.1 200 OK"
    assert rest.startswith(ANSWER.body + b"HTTP/1.0 200 OK\r\n"), "the connection stays for the next request"
    assert headers["Content-Length"] == "7"
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", headers["Date"])


@pytest.mark.parametrize(
    ("reply", "request_", "body", "length"),
    [
        (ANSWER, b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", b"", "7"),
        (Reply(204), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"", None),
        (Reply(304), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"", None),
        (Reply(202), b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", b"", "0"),
    ],
)
async def test_what_has_no_body_sends_none(reply: Reply, request_: bytes, body: bytes, length: str | None) -> None:
    status, headers, rest = first(await told(reply, request_))
    assert status.startswith(f"HTTP/1.1 {reply.status} ")
    assert headers.get("Content-Length") == length
    assert rest[: len(body) + 7] == body + b"HTTP/1."


async def test_who_asks_to_close_is_told_so() -> None:
    status, headers, rest = first(await told(ANSWER, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
    assert status == "HTTP/1.1 200 OK"
    assert headers["Connection"] == "close"
    assert rest == ANSWER.body


@pytest.mark.parametrize("planted", ["a\r\nSet-Cookie: b=c", "a\nb", "a\x00", "a\x7f"])
async def test_a_header_ends_no_line_but_its_own(planted: str) -> None:
    reply = Reply(200, b"{}", "application/json", {"Location": planted})
    status, headers, _ = first(await told(reply, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
    assert status.split(" ")[1] == "500"
    assert "Set-Cookie" not in headers
    assert "Location" not in headers


async def test_who_does_not_read_is_waited_for() -> None:
    """Answers do not pile up in memory for somebody who asks and asks without reading."""
    asked = 0

    def big() -> Reply:
        nonlocal asked
        asked += 1
        return Reply(200, bytes(60_000), "application/octet-stream")

    async with serving(big) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 600)
        await asyncio.sleep(0.3)
        writer.transport.abort()
    assert 0 < asked < 300
