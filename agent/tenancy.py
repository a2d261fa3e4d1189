"""Who is served and who asks: Tenant and Principal; and how their things are named: UUIDv7."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant, as resolved from the URL or an API key. `base_url` is its public address, `{public_url}/t/{name}`.

    `database` says where its rows lie, as `server/name`; None is the shared database.
    """

    id: UUID
    name: str
    base_url: str
    status: str = "active"
    database: str | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: `kind` as in audit_logs.actor_kind (user, api_key, client, worker, peer), its id and its scopes."""

    kind: str
    id: UUID | None = None
    scopes: frozenset[str] = frozenset()


PEER = Principal("peer")
WORKER = Principal("worker")
_LAST = 253_402_214_400_000


def uuid7(now: datetime, entropy: bytes) -> UUID:
    """A UUIDv7 (RFC 9562, 5.7): rows made together lie together. `entropy`: 10 fresh bytes."""
    milliseconds = int(now.timestamp() * 1000)
    value = (milliseconds << 80) | int.from_bytes(entropy[:10], "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    return UUID(int=(value & ~(0x3 << 62)) | (0x2 << 62))


def time_of(name: UUID) -> datetime:
    """When a UUIDv7 was made, to the millisecond; of another UUID a time that means nothing."""
    return datetime.fromtimestamp(min(name.int >> 80, _LAST) / 1000, UTC)
