"""The pool: so many connections, in order, each clean when the next one gets it."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio

from agent.storage import pool as pools
from agent.storage.database import open_pool
from agent.storage.pool import Pool
from tests.databases import Database

BACKEND = "SELECT pg_backend_pid()"


@pytest_asyncio.fixture
async def pool(shared_database: Database) -> AsyncIterator[Pool]:
    async with await open_pool(shared_database.dsn("app"), 2) as made:
        yield made


async def test_a_connection_that_is_clean_is_used_again(pool: Pool) -> None:
    assert await pool.fetchval(BACKEND) == await pool.fetchval(BACKEND)
    assert pool.busy == 0


async def test_who_waits_is_served_in_order_and_never_by_more_than_there_may_be(pool: Pool) -> None:
    served: list[int] = []

    async def use(number: int) -> None:
        async with pool.acquire() as connection:
            served.append(number)
            assert 1 <= pool.busy <= 2
            await connection.execute("SELECT pg_sleep(0.01)")

    held = [await pool.take(), await pool.take()]
    waiting = [asyncio.create_task(use(number)) for number in range(6)]
    await asyncio.sleep(0)
    for one in held:
        pool.give(one)
    await asyncio.gather(*waiting)
    assert served == [0, 1, 2, 3, 4, 5]
    assert pool.busy == 0


async def test_one_that_waits_and_is_cut_off_takes_nobodys_turn(pool: Pool) -> None:
    held = [await pool.take(), await pool.take()]
    first, second = asyncio.create_task(pool.take()), asyncio.create_task(pool.take())
    await asyncio.sleep(0)
    pool.give(held.pop())  # it is the first one's turn, and then it is cut off before it runs
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    pool.give(await asyncio.wait_for(second, 5))
    pool.give(held.pop())
    assert pool.busy == 0


async def test_what_a_user_that_is_cut_off_was_running_ends_and_leaves_nothing(pool: Pool) -> None:
    entered = asyncio.Event()

    async def endless() -> int:
        async with pool.acquire() as connection:
            await connection.execute("SET application_name = 'cut off'; BEGIN; SELECT set_config('a.b', 'c', true)")
            entered.set()
            await connection.execute("SELECT pg_sleep(60)")
            return 0

    task = asyncio.create_task(endless())
    await entered.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(2):
        async with asyncio.timeout(5), pool.acquire() as one, pool.acquire() as other:
            for connection in (one, other):
                assert not connection.is_in_transaction()
                assert await connection.fetchval("SHOW application_name") == "chancery"
                assert not await connection.fetchval("SELECT current_setting('a.b', true)")


async def test_a_transaction_that_is_left_open_is_ended(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await connection.execute("BEGIN")
    held = [await asyncio.wait_for(pool.take(), 5) for _ in range(2)]
    assert not any(one.is_in_transaction() for one in held)
    for one in held:
        pool.give(one)


async def test_a_connection_that_broke_is_replaced(pool: Pool, shared_database: Database) -> None:
    admin = await shared_database.connect_admin()
    async with pool.acquire() as connection:
        broken = await connection.fetchval(BACKEND)
        running = asyncio.create_task(connection.execute("SELECT pg_sleep(60)"))
        await asyncio.sleep(0.05)
        await admin.execute("SELECT pg_terminate_backend($1)", broken)
        with pytest.raises(asyncpg.PostgresConnectionError):
            await running
    await admin.close()
    async with pool.acquire() as one, pool.acquire() as other:
        assert broken not in [await one.fetchval(BACKEND), await other.fetchval(BACKEND)]


async def test_one_that_rested_too_long_is_replaced(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    rested = await pool.fetchval(BACKEND)
    monkeypatch.setattr(pools, "RESTING_SECONDS", 0.0)
    assert await pool.fetchval(BACKEND) != rested


async def test_a_place_is_free_again_when_no_connection_could_be_opened(shared_database: Database) -> None:
    failures = [OSError("no such host")]
    dsn = shared_database.dsn("app")

    async def connect() -> asyncpg.Connection:
        await asyncio.sleep(0)
        if failures:
            raise failures.pop()
        return await asyncpg.connect(dsn)

    async with Pool(connect, 1) as pool:
        ends = await asyncio.gather(pool.fetchval("SELECT 1"), pool.fetchval("SELECT 1"), return_exceptions=True)
        assert [type(end) for end in ends] == [OSError, int]


async def test_a_pool_that_closes_waits_for_who_is_out_and_serves_nobody_else(pool: Pool) -> None:
    held = [await pool.take(), await pool.take()]
    waiting = asyncio.create_task(pool.take())
    closing = asyncio.create_task(pool.close())
    with pytest.raises(asyncpg.InterfaceError):
        await waiting
    assert await held[0].fetchval("SELECT 1") == 1
    assert not closing.done()
    for one in held:
        pool.give(one)
    await asyncio.wait_for(closing, 5)
    assert all(one.is_closed() for one in held)
    with pytest.raises(asyncpg.InterfaceError):
        await pool.take()
