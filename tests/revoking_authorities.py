"""A certificate authority elsewhere, which publishes what it revoked."""

from dataclasses import dataclass, field
from datetime import timedelta

from aiohttp import web

from agent.contracts.keys import Key
from protocols import x509
from protocols.ports.keys import Jwk
from tests.houses import Clock, free_port

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

    def leaf(self, serial: bytes, crl: str | None = URI, jwk: Jwk | None = None) -> bytes:
        now = self.clock().replace(microsecond=0)
        prepared = x509.prepare_leaf(
            {"common_name": "Leaf"},
            jwk or Key().jwk,
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
