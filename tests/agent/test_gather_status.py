"""Another issuer's status list, fetched and believed or not: abuse cases F1 to F5."""

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import RawTestServer

from agent import gather
from agent.gather import Revoked, StatusUnavailable
from agent.gather.status import KIND
from agent.scope import Scope
from protocols.ports import StatusReference
from tests.elsewhere import Authority, Elsewhere
from tests.houses import Site, free_port
from tests.wallets import b64

PORT = free_port()
URI = f"http://localhost:{PORT}/lists/1"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"fetch_allow": f"localhost:{PORT}"}


@pytest_asyncio.fixture
async def elsewhere(
    site: Site, aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]
) -> AsyncIterator[Elsewhere]:
    other = Elsewhere(URI)
    await aiohttp_raw_server(other.serve, port=PORT)
    await other.authority.trusted(site, "status")
    yield other


async def check(site: Site, index: int = 0) -> None:
    scope: Scope = await site.scope()
    await gather.require_status(scope, StatusReference("token_status_list", URI, index))


async def refused(site: Site, index: int = 0) -> str:
    with pytest.raises(StatusUnavailable) as caught:
        await check(site, index)
    return caught.value.detail


async def test_a_good_list_is_believed_and_fetched_once_for_many(site: Site, elsewhere: Elsewhere) -> None:
    await asyncio.gather(*(check(site, index) for index in (0, 2, 3, 127)))
    with pytest.raises(Revoked):
        await check(site, 1)
    assert elsewhere.fetched == 1


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({"sub": "https://elsewhere.example/lists/1"}, {}),
        ({"exp": int(time.time()) - 3600}, {}),
        ({"iat": None}, {}),
        ({"iat": int(time.time()) + 3600}, {}),
        ({"ttl": 0}, {}),
        ({"ttl": "60"}, {}),
        ({}, {"typ": "JWT"}),
        ({}, {"typ": None}),
        ({}, {"x5c": None}),
        ({}, {"x5c": None, "kid": "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"}),
        ({}, {"alg": "ES384"}),
        ({"status_list": {"bits": 3, "lst": "eJwDAAAAAAE"}}, {}),
        ({"status_list": {"bits": 1, "lst": "AAAA"}}, {}),
    ],
)
async def test_f1_a_list_that_does_not_hold_is_no_list(
    site: Site, elsewhere: Elsewhere, claims: dict[str, Any], header: dict[str, Any]
) -> None:
    elsewhere.claims, elsewhere.header = claims, header
    assert await refused(site)


async def test_f1_an_unsigned_list_is_no_list(site: Site, elsewhere: Elsewhere) -> None:
    head, payload, _ = elsewhere.token().decode().split(".")
    elsewhere.body = f"{head}.{payload}.".encode()
    assert await refused(site)
    nothing = b64(b'{"alg":"none","typ":"statuslist+jwt"}')
    elsewhere.body = f"{nothing}.{payload}.".encode()
    assert await refused(site)


async def test_f1_a_list_by_an_issuer_whom_nobody_trusts_is_no_list(site: Site, elsewhere: Elsewhere) -> None:
    elsewhere.authority = Authority()
    assert await refused(site)


async def test_f1_a_list_served_as_something_else_is_no_list(site: Site, elsewhere: Elsewhere) -> None:
    elsewhere.media_type = "text/html"
    assert "media type" in await refused(site)


@pytest.mark.parametrize("index", [128, 2**30])
async def test_f2_an_index_beyond_the_list_is_refused(site: Site, elsewhere: Elsewhere, index: int) -> None:
    assert await refused(site, index) == "index out of range"


async def test_f2_a_value_that_nobody_defined_is_no_good_one(site: Site, elsewhere: Elsewhere) -> None:
    elsewhere.claims = {"status_list": {"bits": 4, "lst": b64(zlib.compress(b"\x0b"))}}
    with pytest.raises(Revoked):
        await check(site)


async def test_f3_a_list_that_inflates_without_end_is_refused_within_its_bound(
    site: Site, elsewhere: Elsewhere
) -> None:
    elsewhere.packed = bytes(64 * 1024 * 1024)
    assert await refused(site) == "cut short, too long or followed by more"


async def test_f4_an_older_list_than_the_newest_seen_is_refused(site: Site, elsewhere: Elsewhere) -> None:
    now = int(time.time())
    elsewhere.claims = {"iat": now - 100}
    old = elsewhere.token()
    elsewhere.claims, elsewhere.packed = {"iat": now - 50}, b"\x01" + bytes(15)
    with pytest.raises(Revoked):
        await check(site)
    elsewhere.body = old
    scope = await site.scope()
    await scope.cache.forget(KIND, f"status_list {URI}")
    assert await refused(site) == "older than the newest seen"
    elsewhere.body, elsewhere.claims, elsewhere.packed = None, {"iat": now - 10}, bytes(16)
    await check(site)


@pytest.mark.parametrize(
    "uri",
    ["http://127.0.0.1/lists/1", "https://127.0.0.1/lists/1", "https://[::1]/l", "https://10.0.0.1/l", "file:///etc/l"],
)
async def test_f5_a_list_at_an_address_inside_is_not_asked_for(site: Site, elsewhere: Elsewhere, uri: str) -> None:
    scope = await site.scope()
    with pytest.raises(StatusUnavailable, match="FetchRefused"):
        await gather.require_status(scope, StatusReference("token_status_list", uri, 0))
    assert elsewhere.fetched == 0


async def test_a_list_is_kept_no_longer_than_it_holds(site: Site, elsewhere: Elsewhere) -> None:
    elsewhere.claims = {"exp": int(time.time()) + 3600, "ttl": 60, "iat": int(time.time()) - 400}
    await check(site)
    await check(site)
    assert elsewhere.fetched == 3, "older than its ttl, it is asked for again each time"
