"""No row falls between two seals: whatever commits while the sealer reads, however large, from whichever epoch."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest_asyncio

from agent.audit.verifying import verify
from agent.storage.database import open_pool
from agent.storage.pool import Pool
from agent.storage.repositories.audit_trail import AuditTrailRepository
from agent.workers.seals import Seals
from tests.agent.keeping.test_audit_seals import act, export, keys
from tests.houses import Site

AUDIT = "INSERT INTO audit_logs (event_type, resource_type, action) SELECT 'test', 'test', 'test' FROM {}"
ALARM = (
    "INSERT INTO security_events (severity, event_category, description, detection_method) "
    "VALUES ('low', 'test', 'test', 'test')"
)
ONE_ROW = AUDIT.format("generate_series(1, 1)")


@pytest_asyncio.fixture
async def maint(site: Site) -> AsyncIterator[Pool]:
    pool = await open_pool(site.database.dsn("maint"), 2, "agent_maint")
    yield pool
    await pool.close()


async def writer(site: Site) -> asyncpg.Connection:
    connection = await site.database.connect("app")
    await connection.execute("SELECT set_config('app.current_tenant', $1, false)", str(site.alpha.id))
    return connection


class Interrupted:
    """A real connection, with something that happens right after the audit log was read."""

    def __init__(self, connection: Any, then: Any) -> None:
        self._connection, self._then = connection, then

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetch(self, sql: str, *arguments: Any) -> Any:
        found = await self._connection.fetch(sql, *arguments)
        if "FROM agent.audit_logs" in sql and self._then is not None:
            then, self._then = self._then, None
            await then()
        return found


async def test_what_commits_while_the_logs_are_read_waits_for_the_next_seal(site: Site, maint: Pool) -> None:
    first, second = await writer(site), await writer(site)
    slow = first.transaction()
    await slow.start()
    await first.execute(ONE_ROW)

    async def meanwhile() -> None:
        await slow.commit()
        await second.execute(ALARM)

    async with maint.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('app.current_tenant', $1, true)", str(site.alpha.id))
        unit: Any = type("Unit", (), {"connection": Interrupted(connection, meanwhile), "tenant_id": site.alpha.id})()
        early = await AuditTrailRepository(unit).rows_after(0, 0, 1000)
        late = await AuditTrailRepository(unit).rows_after(1, int(early[-1]["xact"]) + 1, 1000)
    assert [row["log"] for row in late] == ["audit_logs", "security_events"]
    for connection in (first, second):
        await connection.close()


async def test_a_transaction_larger_than_a_page_is_sealed_whole(site: Site, maint: Pool) -> None:
    connection = await writer(site)
    await connection.execute(AUDIT.format("generate_series(1, 5200)"))
    await connection.execute(ONE_ROW)
    await connection.close()
    sealer = Seals(maint, site.house.scope_of)
    assert await sealer.seal("alpha") > 5200
    report = verify(await export(site), await keys(site))
    assert report.faults == []
    assert report.unsealed == 0


async def test_rows_of_before_a_restore_are_sealed_however_far_their_transaction_numbers_went(
    site: Site, maint: Pool
) -> None:
    await act(site, 1)
    admin = await site.database.connect_admin()
    await admin.execute("SET session_replication_role = replica")
    await admin.execute(
        "UPDATE audit_logs SET xact = (xact::text::bigint + 1000000)::text::xid8 WHERE tenant_id = $1", site.alpha.id
    )
    await admin.execute("SELECT agent.raise_epoch(2)")
    await admin.close()
    await act(site, 1)
    sealer = Seals(maint, site.house.scope_of)
    before = len([line for line in await export(site) if "row" in line])
    assert await sealer.seal("alpha") == before
    report = verify(await export(site), await keys(site))
    assert report.faults == []
    assert (report.rows, report.unsealed, report.seals) == (before, 0, 2)
