"""GET /status-lists/{number}: the tenant's status list as a signed token."""

from dataclasses import dataclass
from datetime import timedelta

import cbor2

from agent.scope import Scope, Shape
from agent.scope.tenants import StatusRegistry
from protocols.errors import ProtocolError
from protocols.ports import StatusList

_FRESH_SECONDS = 5.0
_VALID = timedelta(days=1)


class NoSuchList(ProtocolError):
    """There is no such status list."""

    code = "not_found"
    status = 404


@dataclass(frozen=True, slots=True)
class StatusListToken:
    """A list token as served, with its media type and how long it may be cached (seconds)."""

    token: bytes
    media_type: str
    ttl: int


_SHAPE = Shape(
    lambda one: cbor2.dumps([one.token, one.media_type, one.ttl]), lambda data: StatusListToken(*cbor2.loads(data))
)


async def serve_status_list(scope: Scope, uri: str) -> StatusListToken:
    """The newest token, signed when the list changed or the last one grew old. Raises NoSuchList."""
    registry = scope.catalogue.status_registry
    if registry is None or registry.uri != uri:
        raise NoSuchList()

    async def look() -> StatusListToken:
        async with scope.unit() as unit:
            packed, version = await unit.status_lists.bits(registry.id)

        async def sign() -> StatusListToken:
            return await _sign(scope, registry, packed)

        signed: StatusListToken = await scope.cache.get(
            "status_list_token", f"{registry.id}:{version}", sign, registry.ttl.total_seconds(), _SHAPE
        )
        return signed

    found: StatusListToken = await scope.cache.get("status_list", uri, look, _FRESH_SECONDS)
    return found


async def _sign(scope: Scope, registry: StatusRegistry, packed: bytes) -> StatusListToken:
    """prepare -> sign -> seal with the issuer's own key: widespread wallets check a list with its credential's key."""
    mechanism = scope.plugins["status_mechanisms"][registry.mechanism]
    key, now = scope.catalogue.key("issuer"), scope.now()
    ttl = int(registry.ttl.total_seconds())
    content = StatusList(registry.uri, registry.bits, packed, now.replace(microsecond=0), now + _VALID, ttl)
    prepared = mechanism.prepare(content, key.algorithm, key.x5c, key.kid)
    token = mechanism.seal(prepared, await scope.keys.sign(key.handle, prepared.payload))
    return StatusListToken(token, mechanism.media_type, ttl)
