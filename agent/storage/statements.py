"""Statements: SQLAlchemy Core compiled once, run as prepared statements on asyncpg.

SQLAlchemy's own execution costs half a millisecond a transaction, asyncpg a tenth of that; so Core writes the SQL,
with its checking of names and types, and asyncpg runs it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
from sqlalchemy.dialects.postgresql import asyncpg as dialect
from sqlalchemy.sql import ClauseElement

from agent.telemetry import STATEMENTS

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
Row: TypeAlias = asyncpg.Record

_DIALECT = dialect.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # SQLAlchemy's dialects lack types


class Statement:
    """One statement with named parameters. Parameters with a value in the Core text keep it as a default."""

    __slots__ = ("_defaults", "_names", "sql")

    def __init__(self, clause: ClauseElement) -> None:
        compiled = clause.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        self.sql = str(compiled)
        self._names: Sequence[str] = compiled.positiontup or ()  # type: ignore[attr-defined]  # of SQLCompiler
        self._defaults: Mapping[str, Any] = compiled.params

    def takes(self, name: str) -> bool:
        """Whether it has a parameter of this name."""
        return name in self._defaults

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order of $1, $2, ...; raises TypeError for a name the statement does not have."""
        if not values.keys() <= self._defaults.keys():
            unknown = values.keys() - self._defaults.keys()
            raise TypeError(f"statement has no parameter {', '.join(sorted(unknown))}")
        return [values.get(name, self._defaults[name]) for name in self._names]

    async def row(self, connection: Connection, **values: Any) -> Row | None:
        """The first row or None."""
        STATEMENTS.count()
        return await connection.fetchrow(self.sql, *self.arguments(values))

    async def rows(self, connection: Connection, **values: Any) -> list[Row]:
        """All rows."""
        STATEMENTS.count()
        return await connection.fetch(self.sql, *self.arguments(values))

    async def pages(self, connection: Connection, size: int, **values: Any) -> AsyncIterator[list[Row]]:
        """All rows, so many at a time, through a cursor of the transaction."""
        STATEMENTS.count()
        cursor = await connection.cursor(self.sql, *self.arguments(values))
        while page := await cursor.fetch(size):
            yield page

    async def value(self, connection: Connection, **values: Any) -> Any:
        """The first column of the first row, None without a row."""
        STATEMENTS.count()
        return await connection.fetchval(self.sql, *self.arguments(values))

    async def run(self, connection: Connection, **values: Any) -> int:
        """How many rows were touched."""
        STATEMENTS.count()
        tag = await connection.execute(self.sql, *self.arguments(values))
        return int(tag.rsplit(" ", 1)[-1])

    async def many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run once for each row, in one exchange."""
        STATEMENTS.count()
        await connection.executemany(self.sql, [self.arguments(row) for row in rows])
