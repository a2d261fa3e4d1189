"""A tenant moves between databases while it is served: nothing is lost, and every step can be undone or done again."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from agent.compose.databases import HERE, Addresses, within
from agent.lifecycle.moves import SHARED, CannotMove, Mover
from agent.storage.embedded import EmbeddedPostgres
from agent.storage.replicating import COPIED, FENCED
from agent.storage.tenant_moves import TO_DEDICATED, TO_SHARED, NoSuchMove
from tests.databases import Database, copied
from tests.houses import Site

ANY = {"credential_configuration_ids": ["pid"]}


@pytest.fixture
def own(postgres: EmbeddedPostgres) -> Iterator[Database]:
    with copied(postgres) as made:
        yield made


@pytest_asyncio.fixture
async def there(site: Site, own: Database) -> AsyncIterator[Site]:
    yield site
    await site.house.placement.close()  # so that the databases can be dropped


def mover(site: Site) -> Mover:
    where: Addresses = site.database.addresses

    def dsn_of(database: str) -> str:
        return where.admin if database == SHARED else within(where, database.partition("/")[2]).admin

    return Mover(dsn_of, lambda _state, _progress: None)


@dataclass(slots=True)
class Traffic:
    """Offers that the server said it made, and how often it said that it was not there."""

    made: list[str] = field(default_factory=list)
    refused: int = 0


@asynccontextmanager
async def served(site: Site) -> AsyncIterator[Traffic]:
    """Somebody uses the tenant all the while."""
    traffic, stopping = Traffic(), asyncio.Event()

    async def use() -> None:
        while not stopping.is_set():
            status, body = await site.api("POST", "/credential-offers", ANY)
            if status == 201:
                traffic.made.append(body["issuance_id"])
            else:
                assert status == 503, body
                traffic.refused += 1
            await asyncio.sleep(0.005)

    tasks = [asyncio.create_task(use()) for _ in range(2)]
    try:
        yield traffic
    finally:
        stopping.set()
        await asyncio.gather(*tasks)


async def offers(database: Database, tenant: Any) -> set[str]:
    connection = await database.connect_admin()
    try:
        return {str(row[0]) for row in await connection.fetch("SELECT id FROM issuances WHERE tenant_id = $1", tenant)}
    finally:
        await connection.close()


async def rows(database: Database, tenant: Any) -> int:
    connection = await database.connect_admin()
    try:
        counts = [f"(SELECT count(*) FROM {name} WHERE tenant_id = $1)" for name in FENCED]
        return int(await connection.fetchval(f"SELECT {' + '.join(counts)}", tenant))
    finally:
        await connection.close()


async def left_behind(*databases: Database) -> list[str]:
    found = []
    for database in databases:
        connection = await database.connect_admin()
        found += [
            row[0]
            for row in await connection.fetch(
                """SELECT pubname::text FROM pg_publication UNION ALL SELECT tgname::text FROM pg_trigger
                    WHERE tgname LIKE 'moved%' UNION ALL SELECT slot_name::text FROM pg_replication_slots
                    WHERE database = current_database() UNION ALL SELECT subname::text FROM pg_subscription s
                     JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = current_database()"""
            )
        ]
        await connection.close()
    return found


async def test_there_and_back_while_it_is_used(there: Site, own: Database) -> None:
    move, alpha = mover(there), there.alpha.id
    async with served(there) as traffic:
        await asyncio.sleep(0.2)
        await move.begin("alpha", TO_DEDICATED, f"{HERE}/{own.name}")
        done = await move.go_on("alpha")
        assert done.state == "switched"
        assert done.progress["pause"] < 5
        await asyncio.sleep(0.3)
    assert set(traffic.made) <= await offers(own, alpha)
    assert (await there.api("GET", "/trust-anchors", key=there.beta.api_key))[0] == 200
    # The way back is kept up with what is written there, until the move is final.
    await asyncio.sleep(1)
    assert set(traffic.made) <= await offers(there.database, alpha)
    await move.finalise("alpha")
    assert await rows(there.database, alpha) == 0
    assert await left_behind(there.database, own) == []
    async with served(there) as again:
        await move.begin("alpha", TO_SHARED, SHARED)
        assert (await move.go_on("alpha")).state == "switched"
        await asyncio.sleep(0.2)
    assert {*traffic.made, *again.made} <= await offers(there.database, alpha)
    await move.finalise("alpha")
    assert await rows(own, alpha) == 0
    assert await left_behind(there.database, own) == []
    _, listed = await there.api("GET", "/tenants", key=there.operator_key)
    assert [one["database"] for one in listed["items"]] == [None, None]
    connection = await there.database.connect_admin()
    told = await connection.fetch(
        "SELECT event_type FROM audit_logs WHERE resource_id = $1 AND event_type LIKE 'tenant.move%'"
        " ORDER BY occurred_at",
        alpha,
    )
    await connection.close()
    words = ("analysed", "prepared", "copying", "verifying", "switching", "switched", "finalised")
    assert [row[0] for row in told] == [f"tenant.move_{word}" for word in words] * 2


async def test_a_switch_is_rolled_back_with_what_was_written_since(there: Site, own: Database) -> None:
    move, alpha = mover(there), there.alpha.id
    await move.begin("alpha", TO_DEDICATED, f"{HERE}/{own.name}")
    await move.go_on("alpha")
    async with served(there) as traffic:
        await asyncio.sleep(0.3)
        assert (await move.roll_back("alpha")).state == "rolled_back"
        await asyncio.sleep(0.2)
    assert traffic.made
    assert set(traffic.made) <= await offers(there.database, alpha)
    assert await rows(own, alpha) == 0
    assert await left_behind(there.database, own) == []


_RARELY = [pytest.param(one, marks=pytest.mark.nightly) for one in ("analysed", "prepared", "verifying")]


@pytest.mark.parametrize("until", ["copying", "switching", *_RARELY])
async def test_a_move_is_aborted_at_every_step(there: Site, own: Database, until: str) -> None:
    move = mover(there)
    await move.begin("alpha", TO_DEDICATED, f"{HERE}/{own.name}")
    await move.go_on("alpha", until)
    assert (await move.abort("alpha")).state == "aborted"
    with pytest.raises(NoSuchMove):
        await move.find("alpha")
    assert (await there.api("POST", "/credential-offers", ANY))[0] == 201
    assert await rows(own, there.alpha.id) == 0
    assert await left_behind(there.database, own) == []


async def test_rows_that_differ_stop_the_switch_and_the_tenant_stays(there: Site, own: Database) -> None:
    move = mover(there)
    await move.begin("alpha", TO_DEDICATED, f"{HERE}/{own.name}")
    await move.go_on("alpha", "switching")
    connection = await own.connect_admin()
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("UPDATE users SET status = 'disabled'")
    await connection.execute("DELETE FROM key_pairs WHERE id = (SELECT min(id::text)::uuid FROM key_pairs)")
    await connection.close()
    with pytest.raises(CannotMove, match="key_pairs"):
        await move.go_on("alpha")
    assert (await there.api("POST", "/credential-offers", ANY))[0] == 201
    await move.abort("alpha")
    assert await left_behind(there.database, own) == []


async def test_what_stands_in_the_way_is_said_before_anything_is_done(there: Site, own: Database) -> None:
    move = mover(there)
    with pytest.raises(CannotMove, match="alpha is shared"):
        await move.begin("alpha", TO_SHARED, SHARED)
    await move.begin("alpha", TO_DEDICATED, f"{HERE}/{own.name}")
    with pytest.raises(CannotMove, match="open"):
        await move.begin("alpha", TO_DEDICATED, f"{HERE}/{own.name}")
    await move.abort("alpha")
    with pytest.raises(NoSuchMove):
        await move.begin("nobody", TO_DEDICATED, f"{HERE}/{own.name}")


async def _command(site: Site, *words: str) -> asyncio.subprocess.Process:
    where = site.database.addresses
    settings = {
        "CHANCERY_HOME": str(site.house.config.home),
        "CHANCERY_DATABASE_URL": where.app,
        "CHANCERY_DATABASE_ADMIN_URL": where.admin,
        "CHANCERY_DATABASE_OWNER_URL": where.owner,
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHANCERY_")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "agent.cli", "move", *words),
        env=kept | settings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.nightly)])
async def test_killed_at_any_moment_it_goes_on_and_nothing_is_lost(there: Site, kills: int) -> None:
    """The command itself is killed, again and again, while the tenant is used."""
    made = Database(there.database.server, "chancery_alpha")
    seed = random.randrange(2**32)
    moments = random.Random(seed)  # named, so that a failure can be seen again
    try:
        async with served(there) as traffic:
            command = ("begin", "alpha", "--to", "dedicated")
            for _ in range(kills):
                process = await _command(there, *command)
                with suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), moments.uniform(0.5, 4))
                if process.returncode is None:
                    process.send_signal(signal.SIGKILL)
                    await process.wait()
                command = ("continue", "alpha") if await _open(there) else command
            process = await _command(there, *command)
            said, _ = await process.communicate()
            assert process.returncode == 0, (seed, said)
            assert (await mover(there).find("alpha")).state == "switched", seed
            await asyncio.sleep(0.2)
        assert set(traffic.made) <= await offers(made, there.alpha.id), seed
        await mover(there).finalise("alpha")
        assert await left_behind(there.database, made) == []
    finally:
        await there.house.placement.close()
        connection = await asyncpg.connect(there.database.server.admin_dsn)
        await connection.execute("DROP DATABASE IF EXISTS chancery_alpha WITH (FORCE)")
        await connection.close()


async def _open(site: Site) -> bool:
    try:
        await mover(site).find("alpha")
    except NoSuchMove:
        return False
    return True


def test_every_table_of_a_tenant_moves() -> None:
    from agent.storage import tables

    stay = {"column_classifications", "tenants", "tenant_moves", "audit_heads", "subscription_tiers", "outbox"}
    assert set(COPIED) == set(tables.__all__) - stay
