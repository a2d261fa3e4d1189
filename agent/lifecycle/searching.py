"""Archived rows looked at where they lie: opened in memory, asked with DuckDB, nothing restored and nothing written."""

import asyncio
import io
from collections.abc import Mapping, Sequence
from typing import Any

from agent.lifecycle.blobs import ObjectStore, fetch_segment
from agent.scope import Scope
from agent.scope.archiving import MONTHLY, Search, Segment
from agent.storage import tables


class ArchivedRows:
    """`scope.archiving.ArchivedRows` over a blob store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def rows(self, scope: Scope, segment: Segment) -> Sequence[Mapping[str, Any]]:
        """In their order. Raises lifecycle.blobs.Differs, KeyDestroyed, DoesNotOpen."""
        octets = await fetch_segment(scope, self._store, segment)
        return await asyncio.to_thread(_read, segment.table, octets)

    async def search(
        self, scope: Scope, table: str, segments: Sequence[Segment], search: Search
    ) -> Sequence[Mapping[str, Any]]:
        """Newest first. Raises lifecycle.blobs.Differs, KeyDestroyed, DoesNotOpen."""
        found: list[Mapping[str, Any]] = []
        for segment in sorted(segments, key=lambda one: one.month, reverse=True):
            octets = await fetch_segment(scope, self._store, segment)
            found += await asyncio.to_thread(_asked, table, octets, search, search.limit - len(found))
            if len(found) >= search.limit:
                break
        return found


def _read(table: str, octets: bytes) -> list[dict[str, Any]]:
    from agent.lifecycle import parquet

    return parquet.read(getattr(tables, table), octets)


def _asked(table: str, octets: bytes, search: Search, limit: int) -> list[dict[str, Any]]:
    """One segment's rows. Column names come from our own table, values are parameters."""
    import duckdb  # both are large, and few processes ever search an archive
    import pyarrow.parquet as pq

    from agent.lifecycle import parquet

    arrow, when = pq.read_table(io.BytesIO(octets)), MONTHLY[table]
    values: list[Any] = []
    where = ["true"]
    for name, value in search.equal.items():
        where.append(f'"{getattr(tables, table).c[name].name}" = ?')
        values.append(value)
    for sign, bound in ((">=", search.since), ("<", search.until)):
        if bound is not None:
            where.append(f'"{when}" {sign} ?')
            values.append(bound)
    if search.text:
        where.append("contains(metadata, ?)")
        values.append(search.text)
    with duckdb.connect(config={"enable_external_access": False, "threads": 1}) as connection:
        connection.register("archived", arrow)
        sql = f'SELECT * FROM archived WHERE {" AND ".join(where)} ORDER BY "{when}" DESC LIMIT {int(limit)}'  # noqa: S608  # names are ours
        rows = connection.sql(sql, params=values).to_arrow_table()
    return parquet.typed(getattr(tables, table), rows)
