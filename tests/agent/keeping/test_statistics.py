"""Statistics: what is counted is exactly what is recorded, once, and of nobody."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pyarrow.parquet as pq
import pytest_asyncio

from agent.lifecycle.figures import write_month
from agent.operations.keeping.count_activity import count_activity, figures, recount_day
from agent.scope.reporting import Figure, Happened
from agent.storage.database import open_pool
from agent.storage.unit_of_work import unit_of_work
from agent.tenancy import WORKER
from agent.workers.statistics import Statistics
from tests.houses import Site
from tests.wallets import Wallet

TODAY = date(2026, 12, 1)


def test_words_of_events_become_counts() -> None:
    happened = [
        Happened(TODAY, "credential.issued", {"type": "urn:eudi:pid:1"}, 3),
        Happened(TODAY, "credential.secured", {}, 1),
        Happened(TODAY, "presentation.verified", {"types": ["urn:eudi:pid:1", "org.iso.18013.5.1.mDL"]}, 2),
        Happened(TODAY, "presentation.refused", {"errors": ["invalid_signature", "expired"]}, 1),
        Happened(TODAY, "credential.revoked", {"type": "urn:eudi:pid:1", "reason": "stolen"}, 1),
    ]
    assert figures(happened) == [
        Figure(TODAY, "issued", "", "", 1),
        Figure(TODAY, "issued", "urn:eudi:pid:1", "", 3),
        Figure(TODAY, "presented", "org.iso.18013.5.1.mDL", "", 2),
        Figure(TODAY, "presented", "urn:eudi:pid:1", "", 2),
        Figure(TODAY, "refused", "", "invalid_signature", 1),
        Figure(TODAY, "revoked", "urn:eudi:pid:1", "stolen", 1),
        Figure(TODAY, "verified", "", "", 2),
    ]


def test_a_type_without_end_does_not_stop_the_counting() -> None:
    (presented, _) = figures([Happened(TODAY, "presentation.verified", {"types": ["ä" * 4000]}, 1)])
    assert len(presented.type.encode()) <= 1024


@pytest_asyncio.fixture
async def maint(site: Site) -> AsyncIterator[Any]:
    async with await open_pool(site.database.addresses.maint, 8, "agent_maint") as pool:
        yield pool


async def _enter(site: Site, maint: Any, tenant: Any = None) -> Any:
    scope = await site.scope(tenant)
    return partial(unit_of_work, maint, scope.tenant, WORKER, scope.vault, scope.now)


async def _offer(site: Site, times: int, key: str | None = None) -> None:
    for _ in range(times):
        status, answer = await site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]}, key)
        assert status == 201, answer


async def _amounts(site: Site, key: str | None = None, **asked: str) -> dict[tuple[str, str], int]:
    site.house.cache.clear()
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    status, answer = await site.api("GET", f"/statistics?{query}", key=key)
    assert status == 200, answer
    return {(one["metric"], one["type"]): one["amount"] for one in answer["items"]}


async def test_issued_and_revoked_are_counted_by_type(site: Site, maint: Any) -> None:
    status, offer = await site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]})
    assert status == 201
    answer = await Wallet(site.session).obtain(offer["credential_offer_uri"])
    assert answer.status == 200, answer
    path = f"/credentials/{offer['issuance_id']}/revoke"
    assert (await site.api("POST", path, {"reason": "stolen"}))[0] in (200, 204)
    await Statistics(maint, site.house.scope_of, site.house.archive)()
    counts = await _amounts(site)
    assert counts["offered", ""] == 1
    assert counts["issued", "urn:eudi:pid:1"] == 1
    assert counts["revoked", "urn:eudi:pid:1"] == 1
    assert await _amounts(site, site.beta.api_key) == {}
    assert await _amounts(site, metric="issued", by="day") == {("issued", ""): 1}


async def test_fifty_rounds_at_once_count_each_event_once(site: Site, maint: Any) -> None:
    enter = await _enter(site, maint)
    rounds = [asyncio.create_task(count_activity(enter)) for _ in range(10)]
    await _offer(site, 12)
    await asyncio.gather(*rounds)
    await asyncio.gather(*(count_activity(enter) for _ in range(50)))
    assert (await _amounts(site))["offered", ""] == 12


async def test_what_commits_late_is_not_passed_over(site: Site, maint: Any) -> None:
    """A transaction that began before a round and ended after it."""
    enter = await _enter(site, maint)
    admin = await site.database.connect_admin()
    try:
        transaction = admin.transaction()
        await transaction.start()
        await admin.execute(
            "INSERT INTO agent.audit_logs (tenant_id, event_type, resource_type, action, metadata)"
            " VALUES ($1, 'offer.created', 'issuance', 'create', '{}')",
            site.alpha.id,
        )
        await _offer(site, 2)
        await count_activity(enter)
        await transaction.commit()
    finally:
        await admin.close()
    await count_activity(enter)
    assert (await _amounts(site))["offered", ""] == 3


async def test_a_day_that_was_miscounted_is_put_right(site: Site, maint: Any) -> None:
    enter = await _enter(site, maint)
    await _offer(site, 2)
    await count_activity(enter)
    today = datetime.now(UTC).date()
    assert await recount_day(enter, today)
    admin = await site.database.connect_admin()
    try:
        await admin.execute("UPDATE agent.daily_rollups SET amount = 7")
        await admin.execute(
            "INSERT INTO agent.daily_rollups (tenant_id, day, metric, amount) VALUES ($1, $2, 'issued', 5)",
            site.alpha.id,
            today,
        )
    finally:
        await admin.close()
    assert not await recount_day(enter, today)
    assert await _amounts(site) == {("offered", ""): 2}
    assert await recount_day(enter, today)


async def test_what_cannot_be_asked_is_refused(site: Site) -> None:
    for query in ("since=yesterday", "by=person", "metric=birthdays", "since=2026-02-01&until=2026-01-01"):
        status, answer = await site.api("GET", f"/statistics?{query}")
        assert (status, answer["code"]) == (400, "invalid_request"), query


async def test_a_month_is_a_file_for_a_warehouse(site: Site, maint: Any) -> None:
    enter = await _enter(site, maint)
    await _offer(site, 3)
    await count_activity(enter)
    today = datetime.now(UTC).date()
    for _ in range(2):  # the second file takes the place of the first
        name = await write_month(enter, site.house.archive, site.alpha.id, today)
    octets = bytes(await (await site.house.archive.get_async(name)).bytes_async())
    (row,) = pq.read_table(io.BytesIO(octets)).to_pylist()
    assert row == {"day": today, "metric": "offered", "type": "", "reason": "", "amount": 3}
