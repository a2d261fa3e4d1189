"""Daily counts as tables of each tenant: a materialised view could have no row security."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Date, Text, bindparam, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from agent.scope.reporting import WORDS, Figure, Happened
from agent.storage import tables
from agent.storage.statements import Row, Statement
from agent.storage.tables.columns import Xid8

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

ROLLUP = "activity"
_TENANT: Any = bindparam("tenant")
_a, _d, _w = tables.audit_logs.c, tables.daily_rollups.c, tables.rollup_watermarks.c
_EPOCH: Any = bindparam("epoch")
_XACT: Any = bindparam("xact", type_=Xid8())
_HORIZON = func.pg_snapshot_xmin(func.pg_current_snapshot())
_day = cast(func.timezone("UTC", _a.occurred_at), Date()).label("day")

_first = upsert(tables.rollup_watermarks).values(tenant_id=_TENANT, rollup=ROLLUP, epoch=0, up_to_xact=0)
_LOCK = Statement(
    _first.on_conflict_do_update(index_elements=["tenant_id", "rollup"], set_={"moved_at": func.now()}).returning(
        _w.epoch, _w.up_to_xact
    )
)
_REACHED = Statement(select(func.agent.current_epoch().label("epoch"), _HORIZON.label("xact")))
_MOVE = Statement(
    update(tables.rollup_watermarks)
    .where(_w.tenant_id == _TENANT, _w.rollup == ROLLUP)
    .values(epoch=_EPOCH, up_to_xact=_XACT)
)


def _below(epoch: Any, xact: Any) -> Any:
    return or_(_a.epoch < epoch, (_a.epoch == epoch) & (_a.xact < xact))


def _counted(*which: Any) -> Statement:
    """How often each event said the same words on each day."""
    words = func.jsonb_build_object(*(part for word in WORDS for part in (word, _a.metadata[word])))
    said = func.jsonb_strip_nulls(words, type_=JSONB()).label("words")
    events: Any = bindparam("events", type_=ARRAY(Text()))
    return Statement(
        select(_day, _a.event_type, said, func.count().label("amount"))
        .where(_a.tenant_id == _TENANT, _a.event_type == func.any(events), *which)
        .group_by(_day, _a.event_type, said)
    )


_SINCE = _counted(
    or_(_a.epoch > _EPOCH, (_a.epoch == _EPOCH) & (_a.xact >= _XACT)),
    _below(bindparam("to_epoch"), bindparam("to_xact", type_=Xid8())),
)
_OF_DAY = _counted(_a.occurred_at >= bindparam("from_"), _a.occurred_at < bindparam("to"), _below(_EPOCH, _XACT))
_new = upsert(tables.daily_rollups).values(
    tenant_id=_TENANT, **{name: bindparam(name) for name in ("day", "metric", "type", "reason", "amount")}
)
_ADD = Statement(
    _new.on_conflict_do_update(
        index_elements=["tenant_id", "day", "metric", "type", "reason"],
        set_={"amount": _d.amount + _new.excluded.amount},
    )
)
_CLEAR = Statement(
    update(tables.daily_rollups).where(_d.tenant_id == _TENANT, _d.day == bindparam("of")).values(amount=0)
)
_BETWEEN = Statement(
    select(_d.day, _d.metric, _d.type, _d.reason, _d.amount)
    .where(_d.tenant_id == _TENANT, _d.day.between(bindparam("since"), bindparam("until")), _d.amount > 0)
    .order_by(_d.day, _d.metric, _d.type, _d.reason)
)


class StatisticsRepository:
    """`scope.reporting.Statistics`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def pass_on(self, events: Sequence[str]) -> Sequence[Happened]:
        """The watermark's row is locked first: whoever waited for it counts from where the other ended."""
        epoch, xact = await self._watermark()
        reached = await _REACHED.row(self._unit.connection)
        if reached is None:
            raise LookupError("no horizon")
        to = {"to_epoch": reached["epoch"], "to_xact": reached["xact"]}
        rows = await self._counted(_SINCE, events, epoch=epoch, xact=xact, **to)
        await _MOVE.run(
            self._unit.connection, tenant=self._unit.tenant_id, epoch=reached["epoch"], xact=reached["xact"]
        )
        return rows

    async def recorded(self, day: date, events: Sequence[str]) -> Sequence[Happened]:
        """One day's rows below the watermark."""
        epoch, xact = await self._watermark()
        start = datetime.combine(day, time(), UTC)
        bounds = {"from_": start, "to": start + timedelta(days=1)}
        return await self._counted(_OF_DAY, events, epoch=epoch, xact=xact, **bounds)

    async def add(self, figures: Sequence[Figure]) -> None:
        """In the order of their key, so that two writers never wait in a ring."""
        rows = [{"tenant": self._unit.tenant_id, **asdict(one)} for one in sorted(figures)]
        if rows:
            await _ADD.many(self._unit.connection, rows)

    async def put(self, day: date, figures: Sequence[Figure]) -> None:
        """What a day no longer has is nought."""
        await _CLEAR.run(self._unit.connection, tenant=self._unit.tenant_id, of=day)
        await self.add(figures)

    async def between(self, since: date, until: date) -> Sequence[Figure]:
        """In order."""
        unit = self._unit
        rows = await _BETWEEN.rows(unit.connection, tenant=unit.tenant_id, since=since, until=until)
        return [Figure(**row) for row in rows]

    async def _watermark(self) -> tuple[int, int]:
        row = await _LOCK.row(self._unit.connection, tenant=self._unit.tenant_id)
        if row is None:
            raise LookupError("no watermark")
        return row["epoch"], row["up_to_xact"]

    async def _counted(self, statement: Statement, events: Sequence[str], **bounds: Any) -> Sequence[Happened]:
        rows: list[Row] = await statement.rows(
            self._unit.connection, tenant=self._unit.tenant_id, events=list(events), **bounds
        )
        return [Happened(row["day"], row["event_type"], row["words"], row["amount"]) for row in rows]
