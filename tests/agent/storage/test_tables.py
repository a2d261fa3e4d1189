"""SQLAlchemy's tables are the database's: every table on both sides, column by column."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import TableClause
from sqlalchemy.dialects import postgresql

from agent.storage import tables
from tests.databases import Database

COLUMNS = """SELECT c.relname, a.attname, format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL) AS type
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
 WHERE c.relnamespace = 'agent'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"""

SPELLED = {"character": "text"}
"""Types of the database that have another word on our side, with the same value in Python."""


@pytest.fixture(scope="module")
def real(shared_database: Database) -> dict[str, dict[str, str]]:
    """Per table the type of every column, a domain by the type below it."""

    async def read() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(shared_database.admin)
        try:
            return await connection.fetch(COLUMNS)
        finally:
            await connection.close()

    found: dict[str, dict[str, str]] = {}
    for row in asyncio.run(read()):
        found.setdefault(row["relname"], {})[row["attname"]] = row["type"]
    return found


def columns_of(table: TableClause) -> dict[str, str]:
    dialect = postgresql.dialect()
    return {column.name: column.type.compile(dialect=dialect).lower() for column in table.columns}


def test_both_sides_have_the_same_eighty_five_tables(real: dict[str, dict[str, str]]) -> None:
    assert len(tables.__all__) == 85
    assert set(tables.__all__) == set(real)


@pytest.mark.parametrize("name", tables.__all__)
def test_a_table_has_the_columns_of_the_database(name: str, real: dict[str, dict[str, str]]) -> None:
    table = getattr(tables, name)
    assert (table.schema, table.name) == ("agent", name)
    assert len(table.columns) == len(columns_of(table)), "a column is named twice"
    assert columns_of(table) == {column: SPELLED.get(kind, kind) for column, kind in real[name].items()}
