"""The four logs in the order of sealing, and their seals."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import DateTime, Text, Uuid, bindparam, cast, func, insert, or_, select

from agent.audit.leaves import LOGS, members
from agent.audit.seals import Seal
from agent.scope.archiving import Search
from agent.storage import tables
from agent.storage.statements import Statement
from agent.storage.tables.columns import Xid8

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_PAGE = 5000
_s = tables.audit_seals.c
_TENANT: Any = bindparam("tenant")
_HORIZON = Statement(
    select(func.agent.current_epoch().label("epoch"), func.pg_snapshot_xmin(func.pg_current_snapshot()).label("xact"))
)


def _page(log: str) -> Statement:
    """Settled rows from a transaction on: those of before a restore, and those below the horizon."""
    found = getattr(tables, log).c
    epoch: Any = bindparam("epoch")
    xact: Any = bindparam("xact", type_=Xid8())
    current: Any = bindparam("current")
    horizon: Any = bindparam("horizon", type_=Xid8())
    return Statement(
        select(getattr(tables, log))
        .where(
            found.tenant_id == _TENANT,
            or_(found.epoch > epoch, (found.epoch == epoch) & (found.xact >= xact)),
            or_(found.epoch < current, (found.epoch == current) & (found.xact < horizon)),
        )
        .order_by(found.epoch, found.xact, found.id)
        .limit(bindparam("limit_"))
    )


def _transaction(log: str) -> Statement:
    found = getattr(tables, log).c
    xact: Any = bindparam("xact", type_=Xid8())
    return Statement(
        select(getattr(tables, log)).where(
            found.tenant_id == _TENANT, found.epoch == bindparam("epoch"), found.xact == xact
        )
    )


_PAGES = {log: _page(log) for log in LOGS}
_TRANSACTIONS = {log: _transaction(log) for log in LOGS}
_LAST = Statement(
    select(_s.seal_no, _s.epoch, _s.to_xact, _s.seal_hash)
    .where(_s.tenant_id == _TENANT)
    .order_by(_s.seal_no.desc())
    .limit(1)
)
_ADD = Statement(
    insert(tables.audit_seals).values(
        {
            name: bindparam(name)
            for name in [
                "tenant_id",
                "seal_no",
                "epoch",
                "from_xact",
                "to_xact",
                "leaf_count",
                "leaves",
                "merkle_root",
                "prev_hash",
                "seal_hash",
                "signature",
                "algorithm",
                "key_thumbprint",
            ]
        }
    )
)
_SEALS = Statement(
    select(tables.audit_seals)
    .where(_s.tenant_id == _TENANT, _s.seal_no > bindparam("after"))
    .order_by(_s.seal_no)
    .limit(100)
)


_a = tables.audit_logs.c
_WORDS = ("event_type", "resource_type", "actor_kind", "action")
_IDS = ("user_id", "resource_id", "correlation_id")
SEARCHED = (*_WORDS, *_IDS)
"""Columns that a search names."""


def _given(name: str, kind: Any, test: Any) -> Any:
    """The test, when the parameter is given."""
    value: Any = bindparam(name, type_=kind)
    return or_(value.is_(None), test(value))


_SEARCH = Statement(
    select(tables.audit_logs)
    .where(
        _a.tenant_id == _TENANT,
        *(_given(name, Text(), lambda value, name=name: _a[name] == value) for name in _WORDS),
        *(_given(name, Uuid(), lambda value, name=name: _a[name] == value) for name in _IDS),
        _given("since", DateTime(timezone=True), lambda value: _a.occurred_at >= value),
        _given("until", DateTime(timezone=True), lambda value: _a.occurred_at < value),
        _given("text", Text(), lambda value: func.strpos(cast(_a.metadata, Text()), value) > 0),
    )
    .order_by(_a.occurred_at.desc(), _a.id)
    .limit(bindparam("limit_"))
)


class AuditTrailRepository:
    """`scope.keeping.AuditTrail`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def last(self) -> tuple[int, int, int, bytes] | None:
        """The newest seal."""
        row = await _LAST.row(self._unit.connection, tenant=self._unit.tenant_id)
        return (row[0], row[1], row[2], row[3]) if row else None

    async def rows_after(self, epoch: int, xact: int, limit: int) -> Sequence[Mapping[str, Any]]:
        """Whole transactions from one on, at most `limit` rows of each log; a larger transaction comes alone.

        One horizon for all logs: what commits between their queries would else be left out below what is returned.
        """
        horizon = await _HORIZON.row(self._unit.connection)
        if horizon is None:
            raise LookupError("no horizon")
        bounds = {"epoch": epoch, "xact": xact, "current": horizon["epoch"], "horizon": horizon["xact"]}
        rows: list[dict[str, Any]] = []
        ends: list[tuple[int, int]] = []
        for log, page in _PAGES.items():
            found = await self._found(log, page, **bounds, limit_=limit + 1)
            rows += found
            if len(found) > limit:
                ends.append(_transaction_of(found[-1]))
        if ends:
            rows = [row for row in rows if _transaction_of(row) < min(ends)] or await self._whole(*min(ends))
        return sorted(rows, key=lambda row: (*_transaction_of(row), row["log"], row["id"]))

    async def _whole(self, epoch: int, xact: int) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for log, statement in _TRANSACTIONS.items():
            rows += await self._found(log, statement, epoch=epoch, xact=xact)
        return rows

    async def _found(self, log: str, statement: Statement, **values: Any) -> list[dict[str, Any]]:
        found = await statement.rows(self._unit.connection, tenant=self._unit.tenant_id, **values)
        return [members(log, dict(row)) for row in found]

    async def search(self, search: Search) -> Sequence[Mapping[str, Any]]:
        """Newest first."""
        unit = self._unit
        named: dict[str, Any] = dict.fromkeys(SEARCHED)
        for name, value in search.equal.items():
            named[name] = UUID(value) if name in _IDS else value
        rows = await _SEARCH.rows(
            unit.connection,
            tenant=unit.tenant_id,
            since=search.since,
            until=search.until,
            text=search.text or None,
            limit_=search.limit,
            **named,
        )
        return [dict(row) for row in rows]

    async def add(self, seal: Seal) -> None:
        """Insert one link of the chain."""
        await _ADD.run(
            self._unit.connection,
            tenant_id=seal.tenant_id,
            seal_no=seal.seal_no,
            epoch=seal.epoch,
            from_xact=seal.from_xact,
            to_xact=seal.to_xact,
            leaf_count=len(seal.leaves),
            leaves=b"".join(seal.leaves),
            merkle_root=seal.merkle_root,
            prev_hash=seal.prev_hash,
            seal_hash=seal.seal_hash,
            signature=seal.signature,
            algorithm=seal.algorithm,
            key_thumbprint=seal.key_thumbprint,
        )

    async def seals(self) -> AsyncIterator[Seal]:
        """Oldest first, by pages."""
        after = 0
        while rows := await _SEALS.rows(self._unit.connection, tenant=self._unit.tenant_id, after=after):
            for row in rows:
                yield _seal(row)
            after = rows[-1]["seal_no"]

    async def rows(self) -> AsyncIterator[Mapping[str, Any]]:
        """Every settled row, by pages."""
        epoch, xact = 0, 0
        while page := await self.rows_after(epoch, xact, _PAGE):
            for row in page:
                yield row
            epoch, xact = page[-1]["epoch"], int(page[-1]["xact"]) + 1


def _transaction_of(row: Mapping[str, Any]) -> tuple[int, int]:
    return row["epoch"], int(row["xact"])


def _seal(row: Any) -> Seal:
    packed: bytes = row["leaves"]
    return Seal(
        tenant_id=row["tenant_id"],
        seal_no=row["seal_no"],
        epoch=row["epoch"],
        from_xact=row["from_xact"],
        to_xact=row["to_xact"],
        leaves=tuple(packed[at : at + 32] for at in range(0, len(packed), 32)),
        prev_hash=row["prev_hash"],
        algorithm=row["algorithm"],
        key_thumbprint=row["key_thumbprint"],
        signature=row["signature"],
    )
