"""API keys: made once, shown once, kept as a hash."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.administering.scopes import ROLES
from agent.scope import Scope
from agent.scope.administering import NewApiKey
from agent.tenancy import uuid7
from protocols.errors import ProtocolError

PREFIX = "chy"


class UnknownRole(ProtocolError):
    """The role is not known."""

    code = "unknown_role"
    status = 422


@dataclass(frozen=True, slots=True)
class CreateApiKey:
    """Request: a name for people, a role, and how long the key lives (None: until revoked)."""

    name: str
    role: str
    lifetime: timedelta | None = None


@dataclass(frozen=True, slots=True)
class CreatedApiKey:
    """The only time the key itself is shown."""

    id: UUID
    key: str
    role: str


def new_key(tenant: str, entropy: bytes) -> tuple[str, str, bytes]:
    """(key, prefix, hash): `chy_<tenant>_<prefix>_<secret>`; the secret has 256 bits. `entropy`: 36 bytes."""
    prefix, secret = entropy[:4].hex(), entropy[4:36].hex()
    key = f"{PREFIX}_{tenant}_{prefix}_{secret}"
    return key, prefix, sha256(key.encode()).digest()


def split_key(key: str) -> tuple[str, str] | None:
    """(tenant, prefix) of a key as presented; None when it has not the form."""
    parts = key.split("_")
    if len(parts) != 4 or parts[0] != PREFIX or len(parts[2]) != 8 or len(parts[3]) != 64:
        return None
    return parts[1], parts[2]


async def create_api_key(scope: Scope, request: CreateApiKey) -> CreatedApiKey:
    """A new key of this tenant with a role's scopes. Raises UnknownRole."""
    if request.role not in ROLES:
        raise UnknownRole()
    key, prefix, key_hash = new_key(scope.tenant.name, scope.entropy(36))
    key_id = uuid7(scope.now(), scope.entropy(10))
    lifetime = _lifetime(scope, request.lifetime)
    expires = scope.now() + lifetime if lifetime else None
    async with scope.unit() as unit:
        await unit.api_keys.add(
            NewApiKey(key_id, request.name, prefix, key_hash, tuple(sorted(ROLES[request.role])), expires)
        )
        unit.record(AuditEvent("api_key.created", "api_key", key_id, metadata={"role": request.role}))
        await unit.commit()
    return CreatedApiKey(key_id, key, request.role)


def _lifetime(scope: Scope, asked: timedelta | None) -> timedelta | None:
    """As long as was asked for, or as the tenant lets keys live, whichever is less."""
    days = scope.catalogue.tenant.api_key_days
    if days is None:
        return asked
    return min(asked or timedelta(days=days), timedelta(days=days))


async def revoke_api_key(scope: Scope, key_id: UUID) -> bool:
    """End a key now; whether there was one to end."""
    async with scope.unit() as unit:
        ended = bool(await unit.api_keys.revoke(key_id))
        if ended:
            unit.record(AuditEvent("api_key.revoked", "api_key", key_id, "revoke"))
            await unit.commit()
    return ended
