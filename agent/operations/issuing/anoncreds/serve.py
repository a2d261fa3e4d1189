"""GET below /anoncreds: the registry as the world reads it."""

from dataclasses import dataclass
from uuid import UUID

from agent.operations.issuing.anoncreds.publish import NoSuchObject
from agent.scope import Scope
from protocols.anoncreds import places

_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class ServedList:
    """A status list, and whether it is of a time about which nothing can change any more."""

    content: bytes
    settled: bool


async def serve_object(scope: Scope, request: tuple[str, UUID]) -> bytes:
    """A schema, definition or registry, byte for byte as it was published. Raises NoSuchObject."""
    kind, object_id = request

    async def read() -> bytes | None:
        async with scope.unit() as unit:
            found = await unit.anoncreds.object(kind, object_id)
        return found.content if found else None

    content: bytes | None = await scope.cache.get("anoncreds_own", f"{kind} {object_id}", read, _SECONDS)
    return _found(content)


def _found(content: bytes | None) -> bytes:
    if content is None:
        raise NoSuchObject()
    return content


async def serve_status_list(scope: Scope, request: tuple[UUID, int | None]) -> ServedList:
    """The list in force at a time, now where none is named. Raises NoSuchObject."""
    registry, wanted = request
    now = int(scope.now().timestamp())
    at = now if wanted is None else min(wanted, now)
    settled = wanted is not None and at < now - places.SETTLED

    async def read() -> bytes | None:
        async with scope.unit() as unit:
            found: bytes | None = await unit.anoncreds.status_list(registry, at)
        return found

    if not settled:
        return ServedList(_found(await read()), False)
    content: bytes | None = await scope.cache.get("anoncreds_own_list", f"{registry} {at}", read, _SECONDS)
    return ServedList(_found(content), True)


async def serve_tails(scope: Scope, registry: UUID) -> bytes:
    """The file that holders need for proofs of non-revocation. Raises NoSuchObject."""
    async with scope.unit() as unit:
        found = await unit.anoncreds.tails(registry)
    return _found(found)
