"""Months of the logs: detached when past, dropped when every tenant's archive was read back."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.agent.storage.isolation.cases import FORBIDDEN, RESTRICT, Cases, refusal
from tests.agent.storage.isolation.world import Tenant, World, digest

CASES = Cases()
_ages = itertools.count(2)
_DETACH, _DROP = "SELECT detach_month($1)", "SELECT drop_month($1)"


@dataclass(frozen=True, slots=True)
class Month:
    """A past month of the audit log in which two tenants have one row each."""

    partition: str
    first: str
    tenants: tuple[Tenant, Tenant]


async def _make(world: World) -> tuple[str, str]:
    """A past month's partition that no other case uses: its name and first day."""
    async with world.admin() as admin:
        first, end = await admin.fetchrow(
            """SELECT m::date::text, (m + interval '1 month')::date::text
                 FROM (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => $1) AS m) past""",
            next(_ages),
        )
        name = f"audit_logs_{first[:7].replace('-', '_')}"
        bounds = f"FROM ('{first} 00:00:00+00') TO ('{end} 00:00:00+00')"
        await admin.execute(f"CREATE TABLE {name} PARTITION OF audit_logs FOR VALUES {bounds}")
        await admin.execute(f"ALTER TABLE {name} OWNER TO agent_owner")
        await admin.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    return name, first


async def _fill(world: World, month: Month) -> None:
    for one in month.tenants:
        async with world.enter("app", one, commit=True) as app:
            await app.execute(
                """INSERT INTO audit_logs (occurred_at, event_type, resource_type, action)
                   VALUES ($1::text::timestamptz, 'e', 'r', 'a')""",
                month.first,
            )


@asynccontextmanager
async def past_month(world: World, *, detached: bool = False) -> AsyncIterator[Month]:
    """A month of two tenants' rows; gone afterwards, so that no case finds a table without its four fences."""
    month = Month(*await _make(world), (await world.another(), await world.another()))
    try:
        await _fill(world, month)
        if detached:
            async with world.enter("maint", month.tenants[0], commit=True) as maint:
                await maint.execute(_DETACH, month.partition)
        yield month
    finally:
        async with world.admin() as admin:
            await admin.execute(f"DROP TABLE {month.partition}")


async def archive(world: World, whose: Tenant, first: str) -> None:
    """Say that a month of the audit log with one row was archived, and read back."""
    async with world.admin() as admin:
        key = await admin.fetchval(
            """INSERT INTO tenant_keys (tenant_id, purpose, version, kek_ref, wrapped_key)
               VALUES ($1, 'archive', 1, 'k', 'x') RETURNING id""",
            whose.id,
        )
        await admin.execute(
            """INSERT INTO archive_segments (tenant_id, table_name, period, tier, object_key, format, row_count,
                 byte_count, sha256, key_id, verified_at)
               VALUES ($1, 'audit_logs', daterange($2::text::date, ($2::text::date + interval '1 month')::date), 'warm',
                 'o', 'parquet', 1, 1, $3, $4, now())""",
            *(whose.id, first, digest("object"), key),
        )


@CASES.told
async def the_server_detaches_no_month(world: World) -> None:
    async with past_month(world) as month, world.enter("app", month.tenants[0]) as app:
        assert await refusal(app, _DETACH, month.partition) == FORBIDDEN


@CASES.told
async def the_running_month_stays(world: World) -> None:
    async with world.enter("maint", None) as maint:
        running = await maint.fetchval("SELECT 'audit_logs_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')")
        assert await refusal(maint, _DETACH, running) is not None


@CASES.told
async def maintenance_detaches_a_past_month(world: World) -> None:
    async with past_month(world) as month, world.enter("maint", month.tenants[0]) as maint:
        assert await refusal(maint, _DETACH, month.partition) is None


@CASES.told
async def the_archiver_reads_a_detached_month_tenant_by_tenant(world: World) -> None:
    async with past_month(world, detached=True) as month:
        for one in month.tenants:
            async with world.enter("maint", one) as maint:
                rows = await maint.fetch(f"SELECT tenant_id FROM {month.partition}")
                assert [row[0] for row in rows] == [one.id]


@CASES.told
async def the_server_reads_no_detached_month(world: World) -> None:
    async with past_month(world, detached=True) as month, world.enter("app", month.tenants[0]) as app:
        assert await refusal(app, f"SELECT count(*) FROM {month.partition}") == FORBIDDEN


async def _refused_to_the_superuser(world: World, sql: str) -> None:
    async with past_month(world, detached=True) as month, world.admin() as admin:
        assert await refusal(admin, sql.format(month.partition)) == RESTRICT


@CASES.told
async def a_detached_month_loses_no_row(world: World) -> None:
    await _refused_to_the_superuser(world, "DELETE FROM {}")


@CASES.told
async def a_detached_month_changes_no_row(world: World) -> None:
    await _refused_to_the_superuser(world, "UPDATE {} SET action = 'x'")


@CASES.told
async def a_month_is_not_dropped_before_every_archive_was_read_back(world: World) -> None:
    async with past_month(world, detached=True) as month:
        await archive(world, month.tenants[0], month.first)
        async with world.enter("maint", month.tenants[0]) as maint:
            assert await refusal(maint, _DROP, month.partition) == RESTRICT


@CASES.told
async def a_month_is_dropped_when_every_tenant_has_its_archive(world: World) -> None:
    async with past_month(world, detached=True) as month:
        for one in month.tenants:
            await archive(world, one, month.first)
        async with world.enter("maint", month.tenants[0]) as maint:
            assert await maint.fetchval(_DROP, month.partition) == 2
            assert await maint.fetchval("SELECT to_regclass($1)", f"agent.{month.partition}") is None
