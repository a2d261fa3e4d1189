"""Status List Tokens that are kept for evidence go when no report of their time is left, and not before."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from agent.cli.proving import _plugins
from agent.lifecycle.archive import Archiver
from agent.operations.verifying.evidence import check_evidence
from agent.scope import Scope
from agent.scope.archiving import Segment
from agent.scope.status import StatusToken
from agent.storage.database import open_pool
from tests.agent.operations.test_evidence import export, presented
from tests.houses import Clock, Site
from tests.verifying import obtain
from tests.wallets import Wallet


@pytest_asyncio.fixture
async def archiver(site: Site) -> AsyncIterator[Archiver]:
    pool: asyncpg.Pool = await open_pool(site.database.dsn("maint"), 2, "agent_maint")
    yield Archiver(pool, site.house.scope_of, site.house.archive)
    await pool.close()


async def keep(scope: Scope, name: str) -> bytes:
    """A token that was fetched and decided nothing that is known."""
    digest = sha256(name.encode()).digest()
    async with scope.unit() as unit:
        token = StatusToken(digest, f"https://lists.example/{name}", "application/statuslist+jwt", b"t", scope.now())
        await unit.status_evidence.keep(token)
        await unit.commit()
    return digest


async def kept(site: Site) -> list[str]:
    admin = await site.database.connect_admin()
    try:
        rows = await admin.fetch("SELECT uri FROM agent.status_evidence ORDER BY uri")
    finally:
        await admin.close()
    return [row["uri"].removeprefix("https://lists.example/") for row in rows if "lists.example" in row["uri"]]


async def at(site: Site, name: str, moment: datetime) -> None:
    """As if it had been kept then."""
    admin = await site.database.connect_admin()
    try:
        await admin.execute(
            "UPDATE agent.status_evidence SET fetched_at = $1, used_at = $1 WHERE uri LIKE '%/' || $2", moment, name
        )
    finally:
        await admin.close()


@pytest.mark.usefixtures("clock")
async def test_tokens_stay_as_long_as_what_they_decided(site: Site, archiver: Archiver, clock: Clock) -> None:
    scope, now = await site.scope(), datetime.now(UTC)
    for name in ("old", "fresh", "archived", "again"):
        await keep(scope, name)
    await at(site, "old", now - timedelta(days=40))
    await at(site, "again", now - timedelta(days=40))
    await at(site, "archived", datetime(2025, 3, 31, 23, tzinfo=UTC))
    await keep(scope, "again")  # the list says the same still, and decides on
    await keep(await site.scope(site.beta), "others")
    segment = Segment(
        uuid4(),
        "verification_results",
        date(2025, 3, 1),
        "cold",
        "cold/x",
        1,
        1,
        bytes(32),
        bytes(32),
        scope.vault.archive_key().id,
    )
    async with scope.unit() as unit:
        await unit.archive.add(segment)
        await unit.commit()
    assert (await site.api("GET", "/retention-plan"))[1]["status_tokens"] == 1
    await archiver.run()
    assert await kept(site) == ["again", "archived", "fresh", "others"]
    clock.forward(days=2)  # nobody presented anything in the meantime
    await archiver.run()
    assert await kept(site) == ["archived"]
    async with scope.unit() as unit:
        await unit.archive.erased(segment.id)
        await unit.commit()
    await archiver.run()
    assert await kept(site) == []
    status, found = await site.api("GET", "/audit/events?event_type=retention.deleted")
    assert status == 200
    assert [one["metadata"]["rows"] for one in found["items"]] == [1, 2, 1]


async def test_what_evidence_stands_on_outlives_the_cache(site: Site, archiver: Archiver, clock: Clock) -> None:
    wallet = Wallet(site.session)
    presentation = await presented(site, wallet, await obtain(site, wallet))
    clock.forward(days=30)
    await archiver.run()
    finding = await check_evidence(await export(site, presentation), _plugins())
    assert finding.holds
    (status,) = [line for _, one in finding.presentations for line in one.lines if line.check == "status"]
    assert status.result == "held"
