"""The unit of work: all or nothing, one tenant, and the pool remembers neither."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from agent.audit import AuditEvent, SecurityEvent
from agent.scope import Conflict, Scope
from agent.scope.administering import CreatedTenant
from agent.storage.database import open_pool
from agent.storage.pool import Pool
from agent.storage.unit_of_work import unit_of_work
from agent.tenancy import WORKER, Tenant
from tests.databases import Database
from tests.houses import Site

ACT = AuditEvent("tests.happened", "test", uuid4(), "try")


@pytest_asyncio.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    """One connection only: whatever a unit leaves behind, the next one would find."""
    made = await open_pool(database.dsn("app"), 1, "agent_app")
    yield made
    await made.close()


async def counted(site: Site, tenant: CreatedTenant, table: str = "audit_logs", event: str = "tests.happened") -> int:
    admin = await site.database.connect_admin()
    column = {"audit_logs": "event_type", "security_events": "event_category", "outbox": "topic"}[table]
    try:
        return await admin.fetchval(
            f"SELECT count(*) FROM agent.{table} WHERE tenant_id = $1 AND {column} = $2", tenant.id, event
        )
    finally:
        await admin.close()


def opened(pool: Pool, scope: Scope) -> Any:
    return unit_of_work(pool, scope.tenant, WORKER, scope.vault, scope.now)


async def test_what_was_recorded_is_written_with_the_commit(site: Site) -> None:
    scope = await site.scope()
    async with scope.unit() as unit:
        unit.record(ACT)
        unit.record(ACT)
        unit.alarm(SecurityEvent("low", "tests.alarm", "a test", "test", "none"))
        unit.send("tests.topic", "1", {"id": "1"})
        assert await counted(site, site.alpha) == 0
        await unit.commit()
    assert await counted(site, site.alpha) == 2
    assert await counted(site, site.alpha, "security_events", "tests.alarm") == 1
    assert await counted(site, site.alpha, "outbox", "tests.topic") == 1
    assert await counted(site, site.beta) == 0


async def test_leaving_without_commit_forgets_everything(site: Site, pool: Pool) -> None:
    scope = await site.scope()
    async with opened(pool, scope) as unit:
        unit.record(ACT)
        await unit.connection.execute("UPDATE agent.issuers SET name = 'changed'")
    with pytest.raises(ZeroDivisionError):
        async with opened(pool, scope) as unit:
            await unit.connection.execute("UPDATE agent.issuers SET name = 'changed'")
            raise ZeroDivisionError
    async with opened(pool, scope) as unit:
        assert "changed" not in {row["name"] for row in await unit.connection.fetch("SELECT name FROM agent.issuers")}
    assert await counted(site, site.alpha) == 0


async def test_a_request_that_is_cut_off_leaves_nothing_open(site: Site, pool: Pool) -> None:
    scope = await site.scope()

    async def endless() -> None:
        async with opened(pool, scope) as unit:
            await unit.connection.execute("UPDATE agent.issuers SET name = 'changed'")
            await asyncio.sleep(60)

    task = asyncio.create_task(endless())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with pool.acquire() as connection:
        assert not connection.is_in_transaction()
    async with opened(pool, scope) as unit:
        assert "changed" not in {row["name"] for row in await unit.connection.fetch("SELECT name FROM agent.issuers")}


async def test_a_unit_that_was_left_has_no_connection(site: Site, pool: Pool) -> None:
    scope = await site.scope()
    async with opened(pool, scope) as unit:
        issuances = unit.issuances
    with pytest.raises(asyncpg.InterfaceError):
        await issuances.get(uuid4())
    with pytest.raises(asyncpg.InterfaceError):
        await unit.commit()


@pytest.mark.parametrize("settle", [True, False])
async def test_the_pool_does_not_remember_the_tenant(site: Site, pool: Pool, settle: bool) -> None:
    alpha, beta = await site.scope(site.alpha), await site.scope(site.beta)
    async with opened(pool, alpha) as unit:
        assert {row["tenant_id"] for row in await unit.connection.fetch("SELECT tenant_id FROM agent.issuers")} == {
            site.alpha.id
        }
        if settle:
            await unit.commit()
    async with pool.acquire() as connection:  # the very connection, without a tenant: sees nothing
        assert not await connection.fetchval("SELECT current_setting('app.current_tenant', true)")
        assert await connection.fetch("SELECT tenant_id FROM agent.issuers") == []
    async with opened(pool, beta) as unit:
        assert {row["tenant_id"] for row in await unit.connection.fetch("SELECT tenant_id FROM agent.issuers")} == {
            site.beta.id
        }


async def test_a_tenant_is_a_uuid_and_nothing_else(site: Site, pool: Pool) -> None:
    scope = await site.scope()
    forged: Any = Tenant(f"{site.beta.id}', true); --", "x", "x")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        async with unit_of_work(pool, forged, WORKER, scope.vault, scope.now):
            pass


async def test_one_unit_cannot_write_for_another_tenant(site: Site, pool: Pool) -> None:
    scope = await site.scope()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with opened(pool, scope) as unit:
            await unit.connection.execute(
                "INSERT INTO agent.outbox (tenant_id, topic, key, payload) VALUES ($1, 't', 'k', '{}')", site.beta.id
            )


async def test_a_failed_audit_write_fails_the_act(site: Site, pool: Pool) -> None:
    scope = await site.scope()
    with pytest.raises(asyncpg.PostgresError):
        async with opened(pool, scope) as unit:
            await unit.connection.execute("UPDATE agent.issuers SET name = 'changed'")
            unit.record(AuditEvent("tests." + "x" * 500, "test", uuid4(), "try"))
            await unit.commit()
    async with opened(pool, scope) as unit:
        assert "changed" not in {row["name"] for row in await unit.connection.fetch("SELECT name FROM agent.issuers")}


async def test_a_row_that_exists_is_a_conflict_without_its_value(site: Site, pool: Pool) -> None:
    scope = await site.scope()
    with pytest.raises(Conflict, match="unique idempotency_keys") as caught:
        async with opened(pool, scope) as unit:
            for _ in range(2):
                await unit.connection.execute(
                    "INSERT INTO agent.idempotency_keys (tenant_id, key_hash, request_hash, expires_at)"
                    " VALUES ($1, $2, $2, now() + interval '1 day')",
                    site.alpha.id,
                    b"Erika Mustermann" * 2,
                )
    assert "Erika" not in str(caught.value)


async def test_a_change_of_the_catalogue_is_heard_after_the_commit_only(site: Site, pool: Pool) -> None:
    scope = await site.scope()
    heard: asyncio.Queue[str] = asyncio.Queue()
    listening = await site.database.connect("app")
    await listening.add_listener("chancery_catalogue", lambda *one: heard.put_nowait(one[3]))
    try:
        async with opened(pool, scope) as unit:
            unit.changes_catalogue()
        async with opened(pool, scope) as unit:
            unit.changes_catalogue()
            await unit.commit()
        assert await asyncio.wait_for(heard.get(), 5) == str(site.alpha.id)
        await asyncio.sleep(0.1)
        assert heard.empty()
    finally:
        await listening.close()


async def test_of_two_units_that_wait_for_each_other_one_is_a_conflict(site: Site) -> None:
    scope, met = await site.scope(), asyncio.Barrier(2)

    async def lock(*tables: str) -> None:
        async with scope.unit() as unit:
            for table in tables:
                await unit.connection.execute(f"SELECT id FROM agent.{table} WHERE is_active FOR UPDATE")
                if table == tables[0]:
                    await met.wait()

    ends = await asyncio.gather(lock("issuers", "verifiers"), lock("verifiers", "issuers"), return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["Conflict", "NoneType"]
