"""The tenant belongs to a transaction: nothing of it is left on the connection that carried it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg

from agent.storage.database import open_pool
from agent.storage.pool import Pool
from tests.agent.storage.isolation.cases import FORBIDDEN, Cases, refusal
from tests.agent.storage.isolation.rows import tenants_in_every_table
from tests.agent.storage.isolation.world import ALPHA, BETA, SYSTEM, Tenant, World, enter

CASES = Cases()
_NOT_NULL = asyncpg.NotNullViolationError.sqlstate


@asynccontextmanager
async def pool_of(world: World, size: int) -> AsyncIterator[Pool]:
    """The server's own pool: what it does to a connection that comes back is part of the proof."""
    pool = await open_pool(world.database.dsn("app"), size)
    try:
        yield pool
    finally:
        await pool.close()


async def _users(connection: asyncpg.Connection) -> int:
    return await connection.fetchval("SELECT count(*) FROM users")


async def _setting(connection: asyncpg.Connection) -> str | None:
    return await connection.fetchval("SELECT current_setting('app.current_tenant', true)")


@CASES.told
async def without_a_tenant_there_is_no_row_but_the_shared_catalogue(world: World) -> None:
    async with world.enter("app", None) as app:
        seen = {table: tenants for table, tenants in (await tenants_in_every_table(app)).items() if tenants}
    assert seen == {"credential_types": {SYSTEM}, "trust_registries": {SYSTEM}}


_AS_ALPHA = ("INSERT INTO organizations (tenant_id, name, type) VALUES ($1, 'x', 'y')", ALPHA.id)
CASES.refused("without a tenant nothing is inserted as one", _AS_ALPHA, whose=None)


@CASES.told
async def without_a_tenant_the_default_names_none(world: World) -> None:
    async with world.enter("app", None) as app:
        answer = await refusal(app, "INSERT INTO organizations (name, type) VALUES ('x', 'y')")
        assert answer in (FORBIDDEN, _NOT_NULL)


@CASES.told
async def the_next_transaction_of_a_borrowed_connection_has_no_tenant(world: World) -> None:
    async with pool_of(world, 1) as pool, pool.acquire() as connection:
        async with connection.transaction():
            await enter(connection, ALPHA)
            assert await _users(connection) == 1
        assert await _users(connection) == 0


@CASES.told
async def after_a_commit_the_pool_has_no_tenant(world: World) -> None:
    async with pool_of(world, 1) as pool:
        async with pool.acquire() as connection, connection.transaction():
            await enter(connection, ALPHA)
        async with pool.acquire() as connection:
            assert await _users(connection) == 0


@CASES.told
async def after_an_error_the_pool_has_no_tenant(world: World) -> None:
    async with pool_of(world, 1) as pool:
        with suppress(asyncpg.DivisionByZeroError):
            async with pool.acquire() as connection, connection.transaction():
                await enter(connection, ALPHA)
                await connection.execute("SELECT 1 / 0")
        async with pool.acquire() as connection:
            assert await _users(connection) == 0
            assert await _setting(connection) == ""


@CASES.told
async def after_a_cancelled_task_the_pool_has_no_tenant(world: World) -> None:
    async def sleep(pool: Pool, entered: asyncio.Event) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await enter(connection, ALPHA)
            entered.set()
            await connection.execute("SELECT pg_sleep(60)")

    async with pool_of(world, 1) as pool:
        task = asyncio.create_task(sleep(pool, entered := asyncio.Event()))
        await entered.wait()
        await asyncio.sleep(0.05)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        async with pool.acquire() as connection:
            assert await _users(connection) == 0


@CASES.told
async def a_savepoint_rolled_back_brings_the_outer_tenant_back(world: World) -> None:
    async with world.enter("app", ALPHA) as app:
        with suppress(ValueError):
            async with app.transaction():
                await enter(app, BETA)
                raise ValueError
        assert await _setting(app) == str(ALPHA.id)


async def _alternate(world: World, sql: str, rounds: int, *settings: str) -> None:
    async with pool_of(world, 1) as pool, pool.acquire() as connection:
        for setting in settings:
            await connection.execute(setting)
        for number in range(rounds):
            one = (ALPHA, BETA)[number % 2]
            async with connection.transaction():
                await enter(connection, one)
                assert [row[0] for row in await connection.fetch(sql, "active")] == [one.id]


@CASES.told
async def one_prepared_statement_serves_tenants_in_turn_and_never_the_wrong_one(world: World) -> None:
    await _alternate(world, "SELECT tenant_id FROM wallets WHERE status = $1", 40)


@CASES.told
async def a_generic_plan_over_hash_partitions_finds_the_right_rows(world: World) -> None:
    forced = "SET plan_cache_mode = force_generic_plan"
    await _alternate(world, "SELECT tenant_id FROM credentials WHERE status = $1", 10, forced)


@CASES.told
async def a_pool_of_one_is_one_connection_for_every_tenant(world: World) -> None:
    processes = set()
    async with pool_of(world, 1) as pool:
        for one in (ALPHA, BETA, None):
            async with pool.acquire() as connection, connection.transaction():
                if one:
                    await enter(connection, one)
                processes.add(await connection.fetchval("SELECT pg_backend_pid()"))
    assert len(processes) == 1


@CASES.told
async def three_thousand_interleaved_transactions_see_their_own_tenant_only(world: World) -> None:
    async with pool_of(world, 4) as pool:

        async def look(one: Tenant | None) -> bool:
            async with pool.acquire() as connection, connection.transaction():
                if one:
                    await enter(connection, one)
                rows = await connection.fetch("SELECT tenant_id FROM credentials")
                return [row[0] for row in rows] == ([one.id] if one else [])

        right = await asyncio.gather(*(look((ALPHA, BETA, None)[number % 3]) for number in range(3000)))
    assert all(right)
