"""GET /ca/{key}.crl, /iaca/{key}.crl: what the tenant's authorities revoked (RFC 5280, 5; ISO/IEC 18013-5, B.1.8)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from agent.scope import Scope
from protocols import x509
from protocols.errors import ProtocolError

_FRESH_SECONDS = 60.0
_AUTHORITIES = ("ca", "iaca")
_VALID = timedelta(days=7)


class NoSuchAuthority(ProtocolError):
    """There is no such authority."""

    code = "not_found"
    status = 404


async def serve_crl(scope: Scope, name: str) -> bytes:
    """The newest list of the authority that is in use. Raises NoSuchAuthority."""
    authorities = (one for one in scope.catalogue.keys if one.purpose in _AUTHORITIES)
    key = next((one for one in authorities if f"{one.kid}.crl" == name), None)
    if key is None:
        raise NoSuchAuthority()

    async def sign() -> bytes:
        now, authority = scope.now(), x509.load_certificate(key.x5c[0])
        async with scope.unit() as unit:
            revoked: Sequence[tuple[bytes, datetime]] = await unit.signing_keys.revoked()
        own = [(der, when) for der, when in revoked if x509.load_certificate(der).issuer == authority.subject]
        prepared = x509.prepare_crl(
            key.x5c[0],
            algorithm=key.algorithm,
            number=int(now.timestamp()),
            this_update=now,
            next_update=now + _VALID,
            revoked=[(x509.serial_of(der), when) for der, when in own],
        )
        return x509.seal_crl(prepared, await scope.keys.sign(key.handle, prepared.payload))

    found: bytes = await scope.cache.get("own_crl", name, sign, _FRESH_SECONDS)
    return found
