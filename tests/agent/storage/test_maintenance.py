"""The database is kept well: settings of every table, statistics, indexes that bloat, advice, and sizes for a machine."""

import asyncio
import re
from pathlib import Path

import asyncpg
import pytest

from agent.storage.database import open_pool
from agent.storage.maintenance import Maintenance
from agent.storage.sizing import machine, rendered, sized
from tests.databases import Database
from tests.houses import Site


async def test_every_table_named_has_its_settings_and_new_months_get_them(database: Database) -> None:
    admin = await database.connect_admin()
    try:
        lacking = """SELECT c.relname FROM agent.table_settings() s JOIN pg_class c ON c.relnamespace = 'agent'::regnamespace
            AND c.relkind = 'r' AND s.name = (SELECT relname FROM pg_class WHERE oid = coalesce(pg_partition_root(c.oid), c.oid))
            WHERE NOT coalesce(c.reloptions, '{}') @> s.settings"""
        unknown = "SELECT name FROM agent.table_settings() WHERE to_regclass('agent.' || name) IS NULL"
        assert await admin.fetch(unknown) == []
        assert await admin.fetch(lacking) == []
        await admin.execute("SELECT agent.ensure_months(6)")
        assert len(await admin.fetch(lacking)) == 4 * 3
        async with await open_pool(database.dsn("maint"), 2, "agent_maint") as maint:
            await Maintenance(maint).statistics()
        assert await admin.fetch(lacking) == []
        targets = await admin.fetch(
            """SELECT DISTINCT a.attstattarget FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
               WHERE c.relname LIKE 'credentials%' AND c.relkind IN ('r', 'p')"""
        )
        assert [row[0] for row in targets] == [1000]
        assert (
            await admin.fetchval(
                "SELECT count(*) FROM pg_stat_user_tables WHERE schemaname = 'agent' AND last_analyze IS NULL"
            )
            == 0
        )
        figures = await admin.fetchval("SELECT figures FROM chancery_jobs.maintenance WHERE subject = 'tenants'")
        assert '"rows"' in figures
    finally:
        await admin.close()


async def test_the_maintenance_role_gathers_statistics_of_our_tables_only(shared_database: Database) -> None:
    connection = await shared_database.connect("maint")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("SELECT agent.refresh_statistics('pg_catalog.pg_authid'::regclass)")
    finally:
        await connection.close()


async def test_an_index_that_is_mostly_air_is_rebuilt_and_others_are_left(database: Database) -> None:
    admin = await database.connect_admin()
    try:
        await admin.execute("ALTER TABLE agent.outbox SET (autovacuum_enabled = off)")
        insert = """INSERT INTO agent.outbox (tenant_id, topic, payload)
            SELECT agent.system_tenant(), 'none', '{}' FROM generate_series(1, 40000)"""
        await admin.execute(insert)
        least = 200_000
        newer = await admin.fetchval("SELECT current_setting('server_version_num')::int >= 170000")
        async with await open_pool(database.dsn("maint"), 2, "agent_maint") as maint:
            assert await Maintenance(maint).indexes(least) == 0
            await admin.execute("DELETE FROM agent.outbox WHERE id % 20 <> 0")
            await admin.execute("VACUUM agent.outbox")
            assert await Maintenance(maint).indexes(least) == (2 if newer else 0)
        async with await open_pool(database.dsn("owner"), 2, "agent_owner") as owner:
            assert await Maintenance(owner).indexes(least) == (0 if newer else 2)
        rows = await admin.fetch(
            "SELECT subject, (figures ->> 'bytes_before')::int, (figures ->> 'bytes_after')::int FROM chancery_jobs.maintenance WHERE figures ? 'bytes_after'"
        )
        assert {row[0] for row in rows} == {"outbox_pkey", "outbox_order"}
        assert all(after < before / 4 for _, before, after in rows)
    finally:
        await admin.close()


async def test_months_are_made_and_seen(database: Database) -> None:
    async with await open_pool(database.dsn("maint"), 2, "agent_maint") as maint:
        await Maintenance(maint).partitions()
        found = await maint.fetch("SELECT figures FROM chancery_jobs.maintenance WHERE task = 'partitions'")
    assert [row[0]["months_ahead"] for row in found] == [3] * 6


async def test_advice_names_what_is_unused_and_scanned_and_what_costs_without_any_value(site: Site) -> None:
    admin = await site.database.connect_admin()
    try:
        await admin.execute("CREATE INDEX needless ON agent.outbox (topic, created_at, id)")
        insert = """INSERT INTO agent.outbox (tenant_id, topic, payload, available_at)
            SELECT agent.system_tenant(), 'Erika-Mustermann', '{}', now() + interval '1 day' FROM generate_series(1, 30000)"""
        await admin.execute(insert)
        await admin.execute("ANALYZE agent.outbox")
        for _ in range(3):
            await admin.fetchval("SELECT count(*) FROM agent.outbox WHERE payload::text = 'Erika-Mustermann'")
        await admin.execute("SELECT pg_stat_force_next_flush()")
    finally:
        await admin.close()
    async with asyncio.timeout(10):
        while True:
            status, advice = await site.api("GET", "/database/advice", key=site.operator_key)
            assert status == 200, advice
            if any(one["table"] == "outbox" for one in advice["scanned"]):
                break
            await asyncio.sleep(0.1)
    assert "needless" in {one["index"] for one in advice["unused"]}
    assert not any(one["index"].endswith("_pkey") for one in advice["unused"])
    statements = " ".join(one["statement"] for one in advice["statements"])
    assert "payload::text = $1" in statements
    assert "Erika" not in str(advice)
    assert any(one["plan"] for one in advice["statements"])
    assert (await site.api("GET", "/database/advice"))[0] == 403
    assert (await site.api("GET", "/database/upkeep", key=site.operator_key))[0] == 200


def test_settings_follow_the_machine() -> None:
    small, large = sized(1024, 1), sized(65_536, 16)
    assert (small["shared_buffers"], large["shared_buffers"]) == ("128MB", "8192MB")
    assert (small["work_mem"], large["work_mem"]) == ("4MB", "64MB")
    assert (small["max_parallel_workers_per_gather"], large["max_parallel_workers"]) == ("0", "16")
    assert "shared_preload_libraries" not in small
    assert "pg_stat_statements" in sized(1024, 1, ["pg_stat_statements"])["shared_preload_libraries"]
    memory, cores = machine()
    assert memory > 100
    assert cores >= 1
    assert all(re.fullmatch(r"[\w.]+ = \S.*", line) for line in rendered(large).splitlines())


async def test_a_slow_statement_is_logged_without_its_values(database: Database) -> None:
    """The embedded server's log, where only what is slow is told."""
    log: Path = database.server.data / "server.log"
    before = log.stat().st_size
    connection = await database.connect("app")
    try:
        await connection.fetchval("SELECT count(*) FROM pg_sleep(0.6), (SELECT $1::text) AS given", "Erika-Mustermann")
    finally:
        await connection.close()
    told = log.read_bytes()[before:].decode()
    assert "pg_sleep(0.6)" in told
    assert "$1::text" in told
    assert "Erika" not in told
