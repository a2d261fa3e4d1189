"""Idempotency keys: reserved by one INSERT, answered later; answers are sealed."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from agent.scope.idempotency import Remembered
from agent.storage.statements import Statement
from agent.storage.tables import idempotency_keys

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_c = idempotency_keys.c
_mine = (_c.tenant_id == bindparam("tenant"), _c.key_hash == bindparam("key"))
# A key past its end is as good as none: it is taken over in the same statement.
_new = insert(idempotency_keys).values(
    tenant_id=bindparam("tenant"),
    key_hash=bindparam("key"),
    request_hash=bindparam("request"),
    expires_at=bindparam("expires"),
)
_RESERVE = Statement(
    _new.on_conflict_do_update(
        index_elements=[_c.tenant_id, _c.key_hash],
        set_={
            "request_hash": _new.excluded.request_hash,
            "expires_at": _new.excluded.expires_at,
            "status_code": None,
            "response_sealed": None,
        },
        where=_c.expires_at < bindparam("now"),
    ).returning(_c.key_hash)
)
_READ = Statement(select(_c.request_hash, _c.status_code, _c.response_sealed).where(*_mine))
_REMEMBER = Statement(
    update(idempotency_keys)
    .where(*_mine)
    .values(status_code=bindparam("status"), response_sealed=bindparam("response"))
)
_RELEASE = Statement(delete(idempotency_keys).where(*_mine, _c.status_code.is_(None)))


class IdempotencyKeyRepository:
    """`scope.idempotency.IdempotencyKeys`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def reserve(self, key_hash: bytes, request_hash: bytes, expires_at: datetime) -> Remembered | None:
        """Take the key, or answer what it was used for."""
        unit = self._unit
        taken = await _RESERVE.value(
            unit.connection,
            tenant=unit.tenant_id,
            key=key_hash,
            request=request_hash,
            expires=expires_at,
            now=unit.now,
        )
        if taken:
            return None
        row = await _READ.row(unit.connection, tenant=unit.tenant_id, key=key_hash)
        if row is None:
            return Remembered(b"", None, None)
        sealed = row["response_sealed"]
        body = unit.vault.open("idempotency_keys", "response_sealed", _row_id(key_hash), sealed) if sealed else None
        return Remembered(row["request_hash"], row["status_code"], body)

    async def remember(self, key_hash: bytes, status: int, body: bytes) -> None:
        """Keep the answer, sealed: it may hold a transaction code."""
        unit = self._unit
        sealed = unit.vault.seal("idempotency_keys", "response_sealed", _row_id(key_hash), body)
        await _REMEMBER.run(unit.connection, tenant=unit.tenant_id, key=key_hash, status=status, response=sealed)

    async def release(self, key_hash: bytes) -> None:
        """Forget a reservation that had no effect."""
        await _RELEASE.run(self._unit.connection, tenant=self._unit.tenant_id, key=key_hash)


def _row_id(key_hash: bytes) -> UUID:
    return UUID(bytes=key_hash[:16])
