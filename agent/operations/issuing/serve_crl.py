"""GET /iaca/{key}.crl: what the tenant's IACA revoked, signed anew each hour (ISO/IEC 18013-5, B.1.8)."""

from datetime import timedelta

from agent.scope import Scope
from protocols import x509
from protocols.errors import ProtocolError

_FRESH_SECONDS = 3600.0
_VALID = timedelta(days=7)


class NoSuchAuthority(ProtocolError):
    """There is no such authority."""

    code = "not_found"
    status = 404


async def serve_crl(scope: Scope, name: str) -> bytes:
    """The newest list of the authority that is in use. Raises NoSuchAuthority."""
    key = next((one for one in scope.catalogue.keys if one.purpose == "iaca" and f"{one.kid}.crl" == name), None)
    if key is None:
        raise NoSuchAuthority()

    async def sign() -> bytes:
        now = scope.now()
        prepared = x509.prepare_crl(
            key.x5c[0],
            algorithm=key.algorithm,
            number=int(now.timestamp()),
            this_update=now,
            next_update=now + _VALID,
        )
        return x509.seal_crl(prepared, await scope.keys.sign(key.handle, prepared.payload))

    found: bytes = await scope.cache.get("iaca_crl", name, sign, _FRESH_SECONDS)
    return found
