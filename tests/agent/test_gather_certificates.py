"""Whether a certificate was revoked: another's list fetched once, kept while it holds, and no older one after it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import RawTestServer

from agent.gather import CertificateRevoked, CertificateStatusUnavailable, require_unrevoked
from agent.scope import Scope
from tests.houses import Clock, Site
from tests.revoking_authorities import PORT, URI, Authority


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"fetch_allow": f"localhost:{PORT}"}


@pytest_asyncio.fixture
async def authority(
    site: Site, clock: Clock, aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]
) -> AsyncIterator[Authority]:
    other = Authority(clock)
    await aiohttp_raw_server(other.serve, port=PORT)
    yield other


async def test_a_list_is_fetched_once_kept_while_it_holds_and_never_followed_by_an_older_one(
    site: Site, clock: Clock, authority: Authority
) -> None:
    good, bad = authority.leaf(b"2" * 8), authority.leaf(b"3" * 8)
    scope: Scope = await site.scope()
    chain = (good, authority.certificate)
    asked = await asyncio.gather(*(require_unrevoked(scope, chain) for _ in range(10)))
    assert {one[0].address for one in asked} == {URI}
    assert authority.fetched == 1, "one flight"
    # It holds: what was revoked meanwhile is not known yet.
    authority.revoked = (bad,)
    await require_unrevoked(scope, (bad, authority.certificate))
    clock.forward(minutes=9)
    await require_unrevoked(scope, (bad, authority.certificate))
    assert authority.fetched == 1
    # It has ended.
    clock.forward(minutes=2)
    with pytest.raises(CertificateRevoked):
        await require_unrevoked(scope, (bad, authority.certificate))
    await require_unrevoked(scope, chain)
    assert authority.fetched == 2
    # An older one, which still holds, must not undo it.
    authority.revoked, authority.older, authority.holds = (), timedelta(minutes=30), timedelta(hours=2)
    clock.forward(minutes=11)
    with pytest.raises(CertificateStatusUnavailable, match="older"):
        await require_unrevoked(scope, chain)


async def test_what_cannot_be_found_out_is_a_refusal(site: Site, authority: Authority) -> None:
    scope = await site.scope()
    authority.status = 503
    with pytest.raises(CertificateStatusUnavailable, match="FetchFailed"):
        await require_unrevoked(scope, (authority.leaf(b"4" * 8), authority.certificate))
    private = authority.leaf(b"5" * 8, "http://169.254.169.254/latest.crl")
    with pytest.raises(CertificateStatusUnavailable, match="FetchRefused"):
        await require_unrevoked(scope, (private, authority.certificate))
    silent = (authority.leaf(b"6" * 8, None), authority.certificate)
    assert await require_unrevoked(scope, silent) == []
    with pytest.raises(CertificateStatusUnavailable, match="no list"):
        await require_unrevoked(scope, silent, demanded=True)
