"""API keys: stored as hashes, found by prefix and hash."""

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import bindparam, insert, or_, select, update

from agent.scope.administering import ApiKeyGrant, NewApiKey
from agent.storage.statements import Statement
from agent.storage.tables import api_keys

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_c = api_keys.c
_ADD = Statement(
    insert(api_keys).values(
        {name: bindparam(name) for name in ["tenant_id", "id", "name", "prefix", "key_hash", "scopes", "expires_at"]}
    )
)
_FIND = Statement(
    select(_c.id, _c.scopes).where(
        _c.tenant_id == bindparam("tenant"),
        _c.prefix == bindparam("prefix"),
        _c.key_hash == bindparam("hash"),
        _c.revoked_at.is_(None),
        or_(_c.expires_at.is_(None), _c.expires_at > bindparam("now")),
    )
)
_REVOKE = Statement(
    update(api_keys)
    .where(_c.tenant_id == bindparam("tenant"), _c.id == bindparam("key"), _c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)


class ApiKeyRepository:
    """`scope.administering.ApiKeys`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def add(self, key: NewApiKey) -> None:
        """Insert."""
        await _ADD.run(
            self._unit.connection,
            tenant_id=self._unit.tenant_id,
            id=key.id,
            name=key.name,
            prefix=key.prefix,
            key_hash=key.key_hash,
            scopes=list(key.scopes),
            expires_at=key.expires_at,
        )

    async def find(self, prefix: str, key_hash: bytes) -> ApiKeyGrant | None:
        """The living grant behind a key."""
        row = await _FIND.row(
            self._unit.connection, tenant=self._unit.tenant_id, prefix=prefix, hash=key_hash, now=self._unit.now
        )
        return ApiKeyGrant(row["id"], frozenset(row["scopes"])) if row else None

    async def revoke(self, key_id: UUID) -> bool:
        """Whether a living key was ended."""
        return bool(
            await _REVOKE.run(self._unit.connection, tenant=self._unit.tenant_id, key=key_id, now=self._unit.now)
        )
