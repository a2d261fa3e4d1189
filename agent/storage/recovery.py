"""A database that was brought back, seen by its administrator: when it may be written, and what it must not repeat."""

import asyncio
import time
from collections.abc import Mapping

import asyncpg

_TABLES = """
SELECT c.relname FROM pg_class c
 WHERE c.relnamespace = 'agent'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"""


async def until_writable(admin_dsn: str, seconds: float = 3600) -> None:
    """Wait until the log is replayed and the server is nobody's copy any more. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    connection = await asyncpg.connect(admin_dsn)
    try:
        while await connection.fetchval("SELECT pg_is_in_recovery()"):
            if time.monotonic() > deadline:
                raise TimeoutError("the log is not replayed yet")
            await asyncio.sleep(0.05)
    finally:
        await connection.close()


async def raise_epoch(owner_dsn: str, at_least: int) -> int:
    """The epoch that rows of the record are written in from now on, greater than every one that this database knows.

    Give a number that grows with time: what was lost may have known greater ones.
    """
    connection = await asyncpg.connect(owner_dsn)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL ROLE agent_owner")
            found: int = await connection.fetchval("SELECT greatest(agent.current_epoch() + 1, $1)", at_least)
            await connection.execute("SELECT agent.raise_epoch($1)", found)
    finally:
        await connection.close()
    return found


async def count_rows(admin_dsn: str) -> Mapping[str, int]:
    """By table, of all tenants."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        names = [row[0] for row in await connection.fetch(_TABLES)]
        return {name: await connection.fetchval(f'SELECT count(*) FROM agent."{name}"') for name in names}  # noqa: S608
    finally:
        await connection.close()
