"""Named DCQL queries: a row for each version, one of a name in use."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, insert, select, update

from agent.scope.verifying import StoredQuery
from agent.storage.statements import Row, Statement
from agent.storage.tables import dcql_queries

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_q = dcql_queries.c
_of_name = (_q.tenant_id == bindparam("tenant"), _q.name == bindparam("name_"))
_columns = (_q.id, _q.name, _q.version, _q.state, _q.dcql_query, _q.purpose, _q.digest)
_NEWEST = Statement(select(func.coalesce(func.max(_q.version), 0)).where(*_of_name))
_RETIRE = Statement(
    update(dcql_queries).where(*_of_name, _q.state == "active").values(state="retired", retired_at=bindparam("now"))
)
_NAMES = ("tenant_id", "id", "name", "version", "state", "dcql_query", "digest", "purpose", "activated_at")
_ADD = Statement(insert(dcql_queries).values({name: bindparam(name) for name in _NAMES}))
_ACTIVE = Statement(select(*_columns).where(*_of_name, _q.state == "active"))
_ALL = Statement(select(*_columns).where(_q.tenant_id == bindparam("tenant")).order_by(_q.name, _q.version))


class DcqlQueryRepository:
    """`scope.verifying.DcqlQueries`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def add(self, query: StoredQuery) -> int:
        """Two at once: one of them meets the other's version, and is a Conflict."""
        unit = self._unit
        where = {"tenant": unit.tenant_id, "name_": query.name}
        version = int(await _NEWEST.value(unit.connection, **where)) + 1
        await _RETIRE.run(unit.connection, **where, now=unit.now)
        await _ADD.run(
            unit.connection,
            tenant_id=unit.tenant_id,
            id=query.id,
            name=query.name,
            version=version,
            state=query.state,
            dcql_query=dict(query.dcql_query),
            digest=query.digest,
            purpose=dict(query.purpose),
            activated_at=unit.now,
        )
        return version

    async def active(self, name: str) -> StoredQuery | None:
        """The version in use."""
        row = await _ACTIVE.row(self._unit.connection, tenant=self._unit.tenant_id, name_=name)
        return _query(row) if row else None

    async def all(self) -> Sequence[StoredQuery]:
        """Every version, by name."""
        return [_query(row) for row in await _ALL.rows(self._unit.connection, tenant=self._unit.tenant_id)]


def _query(row: Row) -> StoredQuery:
    return StoredQuery(*row)
