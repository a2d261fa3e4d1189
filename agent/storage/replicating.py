"""One tenant's rows from one database to another: publication, subscription, fence, comparison, by an administrator.

Tables and columns in these statements are PostgreSQL's own names of ours; the tenant is a UUID object.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import asyncpg

from agent.storage import tables
from agent.storage.database import speak_json

_NOT_COPIED = ("column_classifications", "tenants", "tenant_moves", "audit_heads", "subscription_tiers")
OUTBOX = "outbox"
"""Whose rows whoever finds them sends: it moves in the pause, when nobody writes, and the old ones go."""
FENCED = tuple(name for name in tables.__all__ if name not in _NOT_COPIED)
COPIED = tuple(name for name in FENCED if name != OUTBOX)
_LOCK = "SET lock_timeout = '2s'"
_TRIES = 30
_PATIENCE = 20.0


async def administrator(dsn: str) -> asyncpg.Connection:
    """A connection that sees every row. Raises asyncpg.PostgresError, OSError."""
    settings = {"search_path": "agent", "timezone": "UTC", "application_name": "chancery move"}
    connection = await asyncpg.connect(dsn, timeout=10, server_settings=settings)
    await speak_json(connection)
    return connection


@asynccontextmanager
async def administrating(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """Such a connection, for as long as the block lasts."""
    connection = await administrator(dsn)
    try:
        yield connection
    finally:
        await connection.close(timeout=5)


async def sizes(source: asyncpg.Connection, tenant: UUID) -> Mapping[str, tuple[int, int]]:
    """(rows, bytes) by table."""
    found = {}
    for name in FENCED:
        sql = f"SELECT count(*), coalesce(sum(pg_column_size(t)), 0) FROM agent.{name} t WHERE tenant_id = $1"  # noqa: S608
        [row] = await source.fetch(sql, tenant)
        found[name] = (row[0], int(row[1]))
    return found


async def obstacles(source: asyncpg.Connection, target: asyncpg.Connection, tenant: UUID, online: bool) -> list[str]:
    """Why a move cannot begin; `online` when other tenants live in the target."""
    found = []
    if await source.fetchval("SHOW wal_level") != "logical":
        found.append("the source's wal_level is not logical")
    for side, connection in (("source", source), ("target", target)):
        if not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
            found.append(f"the administrator of the {side} is no superuser: nobody else subscribes past row security")
    revisions = [
        await one.fetchval("SELECT version_num FROM chancery_meta.alembic_version") for one in (source, target)
    ]
    if revisions[0] != revisions[1]:
        found.append(f"the schemas are of revisions {revisions[0]} and {revisions[1]}")
    there = sum(rows for rows, _ in (await sizes(target, tenant)).values())
    if there:
        found.append(f"the target has {there} rows of the tenant already")
    ours, theirs = [await one.fetchval("SELECT agent.current_epoch()") for one in (source, target)]
    same = (
        len({await one.fetchval("SELECT system_identifier FROM pg_control_system()") for one in (source, target)}) == 1
    )
    # The record is ordered by epoch and number of transaction: what comes after the move has to be greater.
    if online and (ours > theirs or (ours == theirs and not same)):
        found.append(
            "the target's epoch of the record is not greater than the source's: raise it while nobody is served"
        )
    return found


async def _epochs(source: asyncpg.Connection, target: asyncpg.Connection) -> tuple[int, int, bool]:
    """Of the record, here and there; and whether both count transactions together."""
    ours, theirs = [await one.fetchval("SELECT agent.current_epoch()") for one in (source, target)]
    asked = "SELECT system_identifier FROM pg_control_system()"
    return ours, theirs, await source.fetchval(asked) == await target.fetchval(asked)


async def past_epoch(source: asyncpg.Connection, target: asyncpg.Connection) -> None:
    """A target that nobody else uses writes its record in an epoch that is not behind."""
    ours, theirs = [await one.fetchval("SELECT agent.current_epoch()") for one in (source, target)]
    same = (
        len({await one.fetchval("SELECT system_identifier FROM pg_control_system()") for one in (source, target)}) == 1
    )
    wanted = ours if same else ours + 1
    if theirs < wanted:
        async with target.transaction():
            await target.execute("SET LOCAL ROLE agent_owner")
            await target.execute("SELECT agent.raise_epoch($1)", wanted)


async def copy_months(source: asyncpg.Connection, target: asyncpg.Connection) -> None:
    """Every month that the source has."""
    rows = await source.fetch(
        """SELECT p.relname, to_date(right(c.relname, 7), 'YYYY_MM') FROM pg_inherits i
             JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
            WHERE p.relnamespace = 'agent'::regnamespace AND p.relname = ANY (agent.monthly())"""
    )
    for row in rows:
        await target.execute("SELECT agent.ensure_month($1, $2)", row[0], row[1])


async def pilot(source: asyncpg.Connection, target: asyncpg.Connection, tenant: UUID) -> int:
    """A hundred rows of each table, put into the target and taken back: whether they fit; how many they were."""
    transaction, tried = target.transaction(), 0
    await transaction.start()
    try:
        await target.execute("SET LOCAL session_replication_role = replica")
        for name in COPIED:
            columns = await _columns(source, name)
            named = ", ".join(columns)
            sql = f"SELECT to_jsonb(t) FROM agent.{name} t WHERE tenant_id = $1 LIMIT 100"  # noqa: S608
            rows = [row[0] for row in await source.fetch(sql, tenant)]
            row_of = f"jsonb_populate_record(NULL::agent.{name}, $1::jsonb)"
            put = f"INSERT INTO agent.{name} ({named}) SELECT {named} FROM {row_of}"  # noqa: S608
            for row in rows:
                await target.execute(put, row)
            tried += len(rows)
    finally:
        await transaction.rollback()
    return tried


async def publish(source: asyncpg.Connection, name: str, tenant: UUID) -> None:
    """The tenant's rows of every table, from now on; what a slot of this name has not handed out is kept."""
    if not await source.fetchval("SELECT 1 FROM pg_publication WHERE pubname = $1", name):
        filtered = ", ".join(f"agent.{table} WHERE (tenant_id = '{tenant}'::uuid)" for table in COPIED)
        # No TRUNCATE: it would empty the target's table of everybody's rows.
        options = "publish = 'insert, update, delete', publish_via_partition_root = true"
        await source.execute(f"CREATE PUBLICATION {name} FOR TABLE {filtered} WITH ({options})")
    if not await source.fetchval("SELECT 1 FROM pg_replication_slots WHERE slot_name = $1", name):
        await source.execute("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", name)


async def subscribe(target: asyncpg.Connection, name: str, source_dsn: str, copy: bool) -> None:
    """Take what is published; `copy`: what was there before, too, table by table, begun anew where it was cut."""
    if await target.fetchval("SELECT 1 FROM pg_subscription WHERE subname = $1", name):
        return
    words = [f"slot_name = '{name}'", "create_slot = false", f"copy_data = {str(copy).lower()}"]
    if target.get_server_version().major >= 16:
        words.append("run_as_owner = true")
    address = await target.fetchval("SELECT quote_literal($1::text)", source_dsn)
    await target.execute(
        f"CREATE SUBSCRIPTION {name} CONNECTION {address} PUBLICATION {name} WITH ({', '.join(words)})"
    )


async def copied(target: asyncpg.Connection, name: str) -> list[str]:
    """The tables whose first copy is done."""
    rows = await target.fetch(
        """SELECT c.relname FROM pg_subscription_rel r JOIN pg_subscription s ON s.oid = r.srsubid
             JOIN pg_class c ON c.oid = r.srrelid WHERE s.subname = $1 AND r.srsubstate = 'r'""",
        name,
    )
    return [row[0] for row in rows]


async def caught_up(source: asyncpg.Connection, name: str, seconds: float) -> None:
    """Until the target has everything that was written until now. Raises TimeoutError."""
    here = await source.fetchval("SELECT pg_current_wal_lsn()")
    asked = "SELECT confirmed_flush_lsn >= $2 FROM pg_replication_slots WHERE slot_name = $1"
    deadline = time.monotonic() + seconds
    while not await source.fetchval(asked, name, here):
        if time.monotonic() > deadline:
            raise TimeoutError("the target does not keep up")
        await asyncio.sleep(0.02)


async def pause(source: asyncpg.Connection, target: asyncpg.Connection, name: str) -> None:
    """Take nothing for now; what is not taken is kept. Raises TimeoutError."""
    await target.execute(f"ALTER SUBSCRIPTION {name} DISABLE")
    for _ in range(_TRIES * 10):
        if not await source.fetchval("SELECT active FROM pg_replication_slots WHERE slot_name = $1", name):
            return
        await asyncio.sleep(0.02)
    raise TimeoutError("the subscription does not pause")


async def resume(target: asyncpg.Connection, name: str) -> None:
    """Take again; harmless when it does, or is none."""
    if await target.fetchval("SELECT 1 FROM pg_subscription WHERE subname = $1 AND NOT subenabled", name):
        await target.execute(f"ALTER SUBSCRIPTION {name} ENABLE")


async def unsubscribe(source: asyncpg.Connection, target: asyncpg.Connection, name: str) -> None:
    """Take nothing more, and leave nothing behind; harmless when it is done. Raises TimeoutError."""
    subscription = await target.fetchval("SELECT oid FROM pg_subscription WHERE subname = $1", name)
    if subscription:
        await target.execute(f"ALTER SUBSCRIPTION {name} DISABLE")
    await source.execute(f"DROP PUBLICATION IF EXISTS {name}")
    # A server that is its own peer would wait for its own slots for ever: they go first, with whoever uses them.
    for _ in range(_TRIES * 4):
        if not await _busy(source, target, name, subscription):
            break
        await asyncio.sleep(0.05)
    else:
        raise TimeoutError("the replication slot stays in use")
    if subscription:
        await target.execute(f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)")
        await target.execute(f"DROP SUBSCRIPTION {name}", timeout=_PATIENCE)


async def _busy(source: asyncpg.Connection, target: asyncpg.Connection, name: str, subscription: int | None) -> bool:
    """End whoever takes and whoever gives, and drop the slots that nobody uses; whether there was anything left."""
    taking = "SELECT pg_terminate_backend(pid) FROM pg_stat_subscription WHERE subname = $1 AND pid IS NOT NULL"
    ended = await target.fetch(taking, name)
    slots = "SELECT slot_name, active_pid FROM pg_replication_slots WHERE slot_name = $1 OR starts_with(slot_name, $2)"
    found = await source.fetch(slots, name, f"pg_{subscription or 0}_sync_")
    for row in found:
        if row["active_pid"]:
            await source.execute("SELECT pg_terminate_backend($1)", row["active_pid"])
        else:
            with suppress(asyncpg.ObjectInUseError, asyncpg.UndefinedObjectError):
                await source.execute("SELECT pg_drop_replication_slot($1)", row["slot_name"])
    return bool(ended or found)


async def fence(source: asyncpg.Connection, tenant: UUID) -> None:
    """From now on nothing of the tenant is written there; what was under way has ended, or raises TimeoutError."""
    await source.execute(_LOCK)
    for name in FENCED:
        for attempt in range(_TRIES):
            try:
                await source.execute(
                    f"CREATE OR REPLACE TRIGGER moved_{tenant.hex[:12]} BEFORE INSERT OR UPDATE OR DELETE"
                    f" ON agent.{name} FOR EACH STATEMENT EXECUTE FUNCTION agent.refuse_moved('{tenant}')"
                )
                break
            except asyncpg.LockNotAvailableError:
                if attempt == _TRIES - 1:
                    raise TimeoutError(f"{name} is written to without end") from None


async def unfence(source: asyncpg.Connection, tenant: UUID) -> None:
    """The tenant may write there again."""
    await source.execute(_LOCK)
    for name in FENCED:
        await source.execute(f"DROP TRIGGER IF EXISTS moved_{tenant.hex[:12]} ON agent.{name}")


async def compare(
    source: asyncpg.Connection, target: asyncpg.Connection, tenant: UUID, names: Iterable[str] = COPIED
) -> list[str]:
    """Tables whose rows differ, by count and checksum. What either side may have let go is left out."""
    expiring = set(await source.fetchval("SELECT agent.expiring()"))
    living = await source.fetchval("SELECT now() + interval '1 minute'")
    differ = []
    for name in names:
        sql, given = _checksum(name, name in expiring), (tenant, living) if name in expiring else (tenant,)
        ours, theirs = await asyncio.gather(source.fetch(sql, *given), target.fetch(sql, *given))
        if tuple(ours[0]) != tuple(theirs[0]):
            differ.append(name)
    return differ


def _checksum(name: str, expires: bool) -> str:
    living = " AND expires_at > $2" if expires else ""
    living += " AND day >= extract(epoch FROM now())::bigint / 86400 - 1" if name == "replay_marks" else ""
    hashed = "coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)"
    return f"SELECT count(*), {hashed} FROM agent.{name} t WHERE tenant_id = $1{living}"  # noqa: S608


async def move_outbox(source: asyncpg.Connection, target: asyncpg.Connection, tenant: UUID) -> int:
    """First there, then not here any more: cut in between, something is sent twice and nothing is lost."""
    named = "tenant_id, topic, key, payload, created_at, available_at, attempts"
    rows = await source.fetch(f"SELECT {named} FROM agent.outbox WHERE tenant_id = $1 ORDER BY xact, id", tenant)  # noqa: S608
    put = f"INSERT INTO agent.outbox ({named}) VALUES ($1, $2, $3, $4, $5, $6, $7)"  # noqa: S608
    async with target.transaction():
        await target.executemany(put, [tuple(row) for row in rows])
    await source.execute("DELETE FROM agent.outbox WHERE tenant_id = $1", tenant)
    return len(rows)


async def clear(connection: asyncpg.Connection, tenant: UUID) -> int:
    """Delete a copy that is none any more: an administrator's act, past the triggers; how many rows."""
    gone = 0
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        for name in FENCED:
            tag = await connection.execute(f"DELETE FROM agent.{name} WHERE tenant_id = $1", tenant)  # noqa: S608
            gone += int(tag.rsplit(" ", 1)[-1])
    return gone


async def _columns(connection: asyncpg.Connection, name: str) -> list[str]:
    """Those that are written, not made of others."""
    rows = await connection.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = format('agent.%I', $1::text)::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        name,
    )
    return [row[0] for row in rows]
