"""The outbox as a worker sees it: all tenants' rows of a topic, leased and cleared. They hold ids only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Interval, bindparam, delete, func, select, tuple_, update

from agent.storage.pool import Pool
from agent.storage.statements import Statement
from agent.storage.tables import outbox, tenants

_c = outbox.c
_due = (
    select(_c.tenant_id, _c.id)
    .where(_c.topic == bindparam("topic"), _c.available_at <= func.now())
    .order_by(_c.xact, _c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_CLAIM = Statement(
    update(outbox)
    .where(tuple_(_c.tenant_id, _c.id).in_(select(_due.c.tenant_id, _due.c.id)))
    .values(attempts=_c.attempts + 1, available_at=func.now() + bindparam("lease", type_=Interval()))
    .returning(
        _c.tenant_id,
        _c.id,
        _c.payload,
        _c.attempts,
        select(tenants.c.name).where(tenants.c.id == _c.tenant_id).scalar_subquery().label("tenant"),
    )
)
_one = (_c.tenant_id == bindparam("tenant"), _c.id == bindparam("row"))
_CLEAR = Statement(delete(outbox).where(*_one))
_POSTPONE = Statement(
    update(outbox)
    .where(*_one)
    .values(
        available_at=func.now() + bindparam("delay", type_=Interval()),
        attempts=_c.attempts - bindparam("untried", type_=_c.attempts.type),
    )
)


@dataclass(frozen=True, slots=True)
class Leased:
    """A row that is ours until the lease ends; after a crash somebody else gets it."""

    tenant_id: UUID
    tenant: str
    id: int
    payload: Mapping[str, Any]
    attempts: int


class Outbox:
    """The maintenance role's view of one topic."""

    def __init__(self, pool: Pool, topic: str) -> None:
        self._pool, self._topic = pool, topic

    async def claim(self, limit: int, lease: timedelta) -> list[Leased]:
        """Rows that are due, each handed to one claimer."""
        async with self._pool.acquire() as connection:
            rows = await _CLAIM.rows(connection, topic=self._topic, limit=limit, lease=lease)
        return [Leased(row["tenant_id"], row["tenant"], row["id"], row["payload"], row["attempts"]) for row in rows]

    async def clear(self, leased: Leased) -> None:
        """Done: forget the row."""
        async with self._pool.acquire() as connection:
            await _CLEAR.run(connection, tenant=leased.tenant_id, row=leased.id)

    async def postpone(self, leased: Leased, delay: timedelta, tried: bool = True) -> None:
        """Hand it out again after a while; what was not tried does not count as an attempt."""
        async with self._pool.acquire() as connection:
            await _POSTPONE.run(connection, tenant=leased.tenant_id, row=leased.id, delay=delay, untried=int(not tried))
