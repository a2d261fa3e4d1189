"""Keeping the database well, as the maintenance role or the owner: statistics, indexes that bloat, months ahead."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from agent import telemetry
from agent.storage.pool import Pool

LEAST_BYTES = 8 << 20
WASTED = 0.5
"""An index is rebuilt when it is larger than this and more than so much of it is air."""
MONTHS_AHEAD = 3
_FULL = 90.0
"""Percent of a leaf page that a new btree fills."""
_RELATIONS = """
SELECT c.oid, c.oid::regclass::text AS name
  FROM pg_class c WHERE c.relnamespace = 'agent'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname"""
_COUNTS = """
SELECT r.relname AS name, sum(greatest(c.reltuples, 0))::bigint AS rows,
       sum(pg_total_relation_size(c.oid))::bigint AS bytes
  FROM pg_class c JOIN pg_class r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid)
 WHERE c.relnamespace = 'agent'::regnamespace AND c.relkind = 'r' GROUP BY 1 ORDER BY 1"""
_INDEXES = """
SELECT i.indexrelid AS oid, i.indexrelid::regclass::text AS name, pg_relation_size(i.indexrelid) AS bytes,
       i.indrelid AS rel
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
 WHERE c.relnamespace IN ('agent'::regnamespace, 'chancery_jobs'::regnamespace) AND c.relkind = 'i'
   AND a.amname = 'btree' AND i.indisvalid AND pg_relation_size(i.indexrelid) >= $1
 ORDER BY 3 DESC"""
_MEASURE = """
SELECT avg_leaf_density, leaf_pages, empty_pages + deleted_pages AS air
  FROM chancery_meta.pgstatindex($1::oid::regclass)"""
_RECORD = "INSERT INTO chancery_jobs.maintenance (task, subject, figures) VALUES ($1, $2, $3)"
_FORGET = "DELETE FROM chancery_jobs.maintenance WHERE at < now() - interval '1 year'"
_MAY = """
SELECT pg_has_role(c.relowner, 'USAGE') OR CASE WHEN current_setting('server_version_num')::int >= 170000
       THEN has_table_privilege(c.oid, 'MAINTAIN') ELSE false END FROM pg_class c WHERE c.oid = $1"""
_MONTHLY = "SELECT p AS name, agent.months_ahead(('agent.' || p)::regclass) AS ahead FROM unnest(agent.monthly()) p"


class MonthsMissing(Exception):
    """A table has no partition for a month that comes soon."""


class Maintenance:
    """What the schedule does, over one database; each says in the record what it found and did."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def statistics(self) -> None:
        """Daily: settings where they lack, statistics of every table and partition, how large each table is."""
        await self._pool.fetchval("SELECT agent.settle_tables()")
        for row in await self._pool.fetch(_RELATIONS):
            try:
                await self._pool.execute("SELECT agent.refresh_statistics($1::oid::regclass)", row["oid"])
            except (asyncpg.LockNotAvailableError, asyncpg.UndefinedTableError):
                telemetry.log("statistics_skipped", component=row["name"])  # busy, or gone since
        for row in await self._pool.fetch(_COUNTS):
            await self._note("statistics", row["name"], {"rows": row["rows"], "bytes": row["bytes"]})
        await self._pool.execute(_FORGET)

    async def indexes(self, least: int = LEAST_BYTES, wasted: float = WASTED) -> int:
        """Weekly: measure large indexes, rebuild beside their use those that are mostly air; how many.

        Needs pgstattuple. Where we may not (PostgreSQL before 17, unless we own them) the record says what should be.
        """
        rebuilt = 0
        for row in await self._pool.fetch(_INDEXES, least):
            air = await self._air(row["oid"])
            if air is None:
                await self._note("indexes", "pgstattuple", {"missing": True})
                return rebuilt
            if air <= wasted:
                continue
            figures: dict[str, Any] = {"bytes_before": row["bytes"], "air": round(air, 3)}
            if await self._pool.fetchval(_MAY, row["rel"]):
                # The name comes from the catalogue, quoted by it; no statement of this kind takes a parameter.
                await self._pool.execute(f"REINDEX INDEX CONCURRENTLY {row['name']}")
                after = await self._pool.fetchval("SELECT pg_relation_size($1::oid)", row["oid"])
                figures |= {"bytes_after": after or await self._size(row["name"])}
                rebuilt += 1
            else:
                figures |= {"left": "run chancery database rebuild"}
            await self._note("indexes", row["name"], figures)
        return rebuilt

    async def partitions(self) -> None:
        """Monthly: make months ahead and see that they are there. Raises MonthsMissing."""
        await self._pool.execute("SELECT agent.ensure_months($1)", MONTHS_AHEAD)
        rows = await self._pool.fetch(_MONTHLY)
        for row in rows:
            await self._note("partitions", row["name"], {"months_ahead": row["ahead"]})
        if short := [row["name"] for row in rows if row["ahead"] < MONTHS_AHEAD]:
            raise MonthsMissing(", ".join(short))

    async def _air(self, index: int) -> float | None:
        """Which part of an index is air; None without the means to say."""
        try:
            row = await self._pool.fetchrow(_MEASURE, index)
        except (asyncpg.UndefinedFunctionError, asyncpg.InsufficientPrivilegeError):
            return None
        if row is None or not row["leaf_pages"]:
            return 0.0
        used = row["leaf_pages"] * min(row["avg_leaf_density"] / _FULL, 1)
        return float(1 - used / (row["leaf_pages"] + row["air"]))

    async def _size(self, name: str) -> int:
        return int(await self._pool.fetchval("SELECT pg_relation_size($1::text::regclass)", name))

    async def _note(self, task: str, subject: str, figures: Mapping[str, Any]) -> None:
        await self._pool.execute(_RECORD, task, subject, dict(figures))
