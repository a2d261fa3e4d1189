"""Retention policies and segments, and the rows of a month as what an archive is made of."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from agent.scope.archiving import MONTHLY, RetentionPolicy, Segment, end_of
from agent.storage import months, tables
from agent.storage.holds import BEFORE_HOLDING
from agent.storage.statements import Row, Statement

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

PAGE = 5_000
_p, _s = tables.retention_policies.c, tables.archive_segments.c
_TENANT: Any = bindparam("tenant")
_NAMES = ["classification", "warm_after", "cool_after", "cold_after", "erase_mode", "erase_after", "legal_hold"]
_POLICIES = Statement(
    select(_p.table_name, *(_p[name] for name in _NAMES)).where(_p.tenant_id == _TENANT).order_by(_p.table_name)
)
_new = upsert(tables.retention_policies).values(
    tenant_id=_TENANT, table_name=bindparam("table"), **{name: bindparam(name) for name in _NAMES}
)
_PUT = Statement(
    _new.on_conflict_do_update(
        index_elements=["tenant_id", "table_name"], set_={name: _new.excluded[name] for name in _NAMES}
    )
)
_SEGMENTS = Statement(
    select(
        _s.id,
        _s.table_name,
        func.lower(_s.period).label("month"),
        _s.tier,
        _s.object_key,
        _s.row_count,
        _s.byte_count,
        _s.sha256,
        _s.merkle_root,
        _s.key_id,
        _s.erased_at,
    )
    .where(_s.tenant_id == _TENANT)
    .order_by(func.lower(_s.period), _s.table_name, _s.id)
)
_ADD = Statement(
    insert(tables.archive_segments).values(
        tenant_id=_TENANT,
        format="parquet",
        **{
            name: bindparam(name)
            for name in (
                *("id", "table_name", "period", "tier", "object_key", "row_count", "byte_count", "sha256"),
                *("merkle_root", "key_id", "verified_at"),
            )
        },
    )
)
_one = (_s.tenant_id == _TENANT, _s.id == bindparam("id_"))
_MOVED = Statement(
    update(tables.archive_segments).where(*_one).values(tier=bindparam("tier"), object_key=bindparam("object_key"))
)
_ERASED = Statement(update(tables.archive_segments).where(*_one, _s.erased_at.is_(None)).values(erased_at=func.now()))


def _month(table: str, column: str) -> Statement:
    found = getattr(tables, table).c
    return Statement(
        select(getattr(tables, table))
        .where(found.tenant_id == _TENANT, found[column] >= bindparam("begin"), found[column] < bindparam("end"))
        .order_by(*((found.epoch, found.xact) if "xact" in found else (found[column],)), found.id)
    )


_ROWS = {table: _month(table, column) for table, column in MONTHLY.items()}


class ArchiveRepository:
    """`scope.archiving.Archive`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def _rows(self, statement: Statement, **values: Any) -> list[Row]:
        return await statement.rows(self._unit.connection, tenant=self._unit.tenant_id, **values)

    async def _run(self, statement: Statement, **values: Any) -> int:
        return await statement.run(self._unit.connection, tenant=self._unit.tenant_id, **values)

    async def policies(self) -> Mapping[str, RetentionPolicy]:
        """By table."""
        return {row[0]: RetentionPolicy(*row) for row in await self._rows(_POLICIES)}

    async def put_policy(self, policy: RetentionPolicy) -> None:
        """Upsert, when no erasure is under way."""
        await self._rows(BEFORE_HOLDING)
        values = {name: getattr(policy, name) for name in _NAMES}
        await self._run(_PUT, table=policy.table, **values)

    async def segments(self, table: str | None = None) -> Sequence[Segment]:
        """Oldest month first."""
        found = [Segment(*row) for row in await self._rows(_SEGMENTS)]
        return [one for one in found if table is None or one.table == table]

    async def months(self) -> Mapping[str, Sequence[date]]:
        """By table, oldest first."""
        found: dict[str, list[date]] = {}
        for table, _, month in await months.past(self._unit.connection, self._unit.now):
            found.setdefault(table, []).append(month)
        return found

    async def rows(self, table: str, month: date) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
        """In the order in which seals have them, where there are seals."""
        begin = datetime(month.year, month.month, 1, tzinfo=UTC)
        values = {"tenant": self._unit.tenant_id, "begin": begin, "end": end_of(month)}
        async for page in _ROWS[table].pages(self._unit.connection, PAGE, **values):
            yield [dict(row) for row in page]

    async def add(self, segment: Segment) -> None:
        """One of a table and month."""
        await self._run(
            _ADD,
            id=segment.id,
            table_name=segment.table,
            period=asyncpg.Range(segment.month, end_of(segment.month).date()),
            tier=segment.tier,
            object_key=segment.object_key,
            row_count=segment.row_count,
            byte_count=segment.byte_count,
            sha256=segment.sha256,
            merkle_root=segment.merkle_root,
            key_id=segment.key_id,
            verified_at=self._unit.now,
        )

    async def moved(self, segment: UUID, tier: str, object_key: str) -> None:
        """Where it lies."""
        await self._run(_MOVED, id_=segment, tier=tier, object_key=object_key)

    async def erased(self, segment: UUID) -> None:
        """The row stays: it says that there was something."""
        await self._run(_ERASED, id_=segment)
