"""Whether a certificate was revoked: another's list fetched once, kept while it holds, and no older one after it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from agent.contracts.keys import Key
from agent.gather import CertificateRevoked, CertificateStatusUnavailable, require_unrevoked
from agent.scope import Scope
from protocols import x509
from tests.houses import Clock, Site, free_port

PORT = free_port()
URI = f"http://localhost:{PORT}/authority.crl"


@dataclass(slots=True)
class Authority:
    """A CA elsewhere with its list at URI, issued when the house's clock says."""

    clock: Clock
    key: Key = field(default_factory=Key)
    certificate: bytes = b""
    revoked: tuple[bytes, ...] = ()
    status: int = 200
    older: timedelta = timedelta()
    holds: timedelta = timedelta(minutes=10)
    fetched: int = 0

    def __post_init__(self) -> None:
        now = self.clock().replace(microsecond=0)
        times = {"not_before": now - timedelta(days=1), "not_after": now + timedelta(days=30)}
        prepared = x509.prepare_ca(
            {"common_name": "Elsewhere"}, self.key.jwk, algorithm="ES256", serial=b"1" * 8, **times
        )
        self.certificate = x509.seal(prepared, self.key.sign(prepared.payload))

    def leaf(self, serial: bytes, crl: str | None = URI) -> bytes:
        now = self.clock().replace(microsecond=0)
        prepared = x509.prepare_leaf(
            {"common_name": "Leaf"},
            Key().jwk,
            algorithm="ES256",
            serial=serial,
            not_before=now - timedelta(hours=1),
            not_after=now + timedelta(days=2),
            issuer=self.certificate,
            crl=crl,
        )
        return x509.seal(prepared, self.key.sign(prepared.payload))

    async def serve(self, _request: web.BaseRequest) -> web.Response:
        """The aiohttp handler of a raw test server."""
        self.fetched += 1
        now = self.clock().replace(microsecond=0) - self.older
        revoked = [(x509.serial_of(one), now) for one in self.revoked]
        prepared = x509.prepare_crl(
            self.certificate,
            algorithm="ES256",
            number=1,
            this_update=now,
            next_update=now + self.holds,
            revoked=revoked,
        )
        body = x509.seal_crl(prepared, self.key.sign(prepared.payload))
        return web.Response(body=body, status=self.status, headers={"Content-Type": x509.CRL_MEDIA_TYPE})


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
