"""Months of the monthly tables, as the maintenance role sees and moves them; the functions of the schema do it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from agent.scope.archiving import MONTHLY

if TYPE_CHECKING:
    from agent.storage.pool import Pool
    from agent.storage.statements import Connection

_PAST = """
SELECT p.relname AS parent, c.relname AS part
  FROM pg_inherits i
  JOIN pg_class c ON c.oid = i.inhrelid
  JOIN pg_class p ON p.oid = i.inhparent
 WHERE c.relnamespace = 'agent'::regnamespace AND p.relname = ANY ($1) AND right(c.relname, 7) < $2
 ORDER BY right(c.relname, 7), p.relname"""
_DETACHED = """
SELECT c.relname AS part
  FROM pg_class c
 WHERE c.relnamespace = 'agent'::regnamespace AND c.relkind = 'r'
   AND left(c.relname, -8) = ANY ($1) AND right(c.relname, 7) ~ '^[0-9]{4}_[0-9]{2}$'
   AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
 ORDER BY c.relname"""


def month_of(part: str) -> date:
    """The month that a partition is named for."""
    return datetime.strptime(part[-7:], "%Y_%m").replace(tzinfo=UTC).date()


async def past(maint: Pool | Connection, now: datetime) -> Sequence[tuple[str, str, date]]:
    """(table, partition, month) of every month that is over and still in its table, oldest first."""
    rows = await maint.fetch(_PAST, list(MONTHLY), f"{now.astimezone(UTC):%Y_%m}")
    return [(row["parent"], row["part"], month_of(row["part"])) for row in rows]


async def detached(maint: Pool) -> Sequence[str]:
    """Partitions that left their table and were not dropped yet."""
    return [row["part"] for row in await maint.fetch(_DETACHED, list(MONTHLY))]


async def detach(maint: Pool, part: str) -> None:
    """Out of its table. Raises asyncpg.LockNotAvailableError when somebody is busy there."""
    await maint.execute("SELECT agent.detach_month($1)", part)


async def drop(maint: Pool, part: str) -> int:
    """Gone, with so many rows. Raises asyncpg.RestrictViolationError when an archive is missing, or held."""
    return int(await maint.fetchval("SELECT agent.drop_month($1)", part))
