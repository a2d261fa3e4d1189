"""How well the database does: what maintenance did, and what its statistics advise."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg

from agent.scope.upkeep import CostlyStatement, ScannedTable, UnusedIndex, Upkeep
from agent.storage.statements import Row

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_LATEST = """
SELECT DISTINCT ON (task, subject) at, task, subject, figures FROM chancery_jobs.maintenance
 ORDER BY task, subject, at DESC, id DESC"""
_SINCE = """
SELECT coalesce(stats_reset, pg_postmaster_start_time()) FROM pg_stat_database WHERE datname = current_database()"""
# Partitions of one index count together. One that a constraint needs, or that leads deletions through a foreign key, is
# used without being counted.
_UNUSED = """
WITH RECURSIVE top (index, leaf) AS (
  SELECT i.indexrelid, i.indexrelid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
   WHERE c.relnamespace = 'agent'::regnamespace AND NOT c.relispartition
   UNION ALL SELECT t.index, h.inhrelid FROM top t JOIN pg_inherits h ON h.inhparent = t.leaf)
SELECT t.index::regclass::text AS index, i.indrelid::regclass::text AS table,
       sum(pg_relation_size(t.leaf))::bigint AS bytes
  FROM top t JOIN pg_index i ON i.indexrelid = t.index LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = t.leaf
 WHERE NOT i.indisunique AND NOT EXISTS (
         SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = i.indrelid
            AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)
 GROUP BY t.index, i.indrelid HAVING sum(coalesce(s.idx_scan, 0)) = 0 AND sum(pg_relation_size(t.leaf)) >= $1
 ORDER BY 3 DESC"""
_SCANNED = """
SELECT r.relname AS table, sum(s.seq_scan)::bigint AS scans,
       (sum(s.seq_tup_read) / sum(s.seq_scan))::bigint AS each, sum(s.n_live_tup)::bigint AS rows
  FROM pg_stat_user_tables s JOIN pg_class r ON r.oid = coalesce(pg_partition_root(s.relid), s.relid)
 WHERE s.schemaname = 'agent'
 GROUP BY 1 HAVING sum(s.seq_scan) > 0 AND sum(s.n_live_tup) >= $1 AND sum(s.seq_tup_read) / sum(s.seq_scan) >= $1 / 2
 ORDER BY sum(s.seq_tup_read) DESC"""
_COSTLY = """
SELECT queryid, query, calls, total_exec_time, mean_exec_time, shared_blks_read, rows
  FROM chancery_meta.pg_stat_statements
 WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND query <> '<insufficient privilege>'
 ORDER BY total_exec_time DESC LIMIT $1"""


class UpkeepRepository:
    """`scope.upkeep.UpkeepRecords`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._connection = unit.connection

    async def latest(self) -> Sequence[Upkeep]:
        """The newest of each task and subject."""
        return [Upkeep(*row) for row in await self._connection.fetch(_LATEST)]

    async def since(self) -> datetime | None:
        """Since the server's start, if nobody began anew."""
        found: datetime | None = await self._connection.fetchval(_SINCE)
        return found

    async def unused(self, least_bytes: int) -> Sequence[UnusedIndex]:
        """By size."""
        return [UnusedIndex(*row) for row in await self._connection.fetch(_UNUSED, least_bytes)]

    async def scanned(self, least_rows: int) -> Sequence[ScannedTable]:
        """By rows read so."""
        return [ScannedTable(*row) for row in await self._connection.fetch(_SCANNED, least_rows)]

    async def costly(self, limit: int) -> Sequence[CostlyStatement] | None:
        """By time in all."""
        rows = await self._tried(_COSTLY, limit)
        return None if rows is None else [CostlyStatement(*row) for row in rows]

    async def plan(self, statement: int) -> Sequence[str] | None:
        """From PostgreSQL 16 on, for what this role could run; it runs nothing, and no value is in it."""
        rows = await self._tried("SELECT agent.generic_plan($1)", statement)
        return None if rows is None else [row[0] for row in rows]

    async def _tried(self, sql: str, *arguments: Any) -> list[Row] | None:
        """What a statement answers, None for one that the server refuses; the transaction goes on."""
        await self._connection.execute("SAVEPOINT tried")
        try:
            return await self._connection.fetch(sql, *arguments)
        except asyncpg.PostgresError:
            await self._connection.execute("ROLLBACK TO SAVEPOINT tried")
            return None
