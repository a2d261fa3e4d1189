"""Months leave the database and can still be searched and proved; holds, erasures and faults are minded."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from agent.audit.verifying import Report, verify
from agent.lifecycle.archive import Archiver
from agent.lifecycle.blobs import AlreadyExistsError, BaseError, Differs, ObjectStore
from agent.operations.keeping.retention import Erase, Move, due, leaves_at
from agent.scope.archiving import RetentionPolicy, Segment
from agent.storage.database import open_pool
from agent.storage.pool import Pool
from agent.workers.seals import Seals
from tests.houses import Site
from tests.s3_servers import S3, s3_server

MONTH = date(2025, 3, 1)
ROWS = 7


@pytest_asyncio.fixture
async def maint(site: Site) -> AsyncIterator[Pool]:
    pool = await open_pool(site.database.dsn("maint"), 2, "agent_maint")
    yield pool
    await pool.close()


@pytest_asyncio.fixture
async def past(site: Site, maint: Pool) -> None:
    """A month long past, with rows of both tenants, sealed."""
    admin = await site.database.connect_admin()
    try:
        await admin.execute(
            "CREATE TABLE agent.audit_logs_2025_03 PARTITION OF agent.audit_logs"
            " FOR VALUES FROM ('2025-03-01 00:00:00+00') TO ('2025-04-01 00:00:00+00');"
            "ALTER TABLE agent.audit_logs_2025_03 OWNER TO agent_owner;"
            "ALTER TABLE agent.audit_logs_2025_03 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
        )
    finally:
        await admin.close()
    for tenant in (site.alpha, site.beta):
        scope = await site.scope(tenant)
        async with scope.unit() as unit:
            await unit.connection.executemany(
                "INSERT INTO agent.audit_logs (occurred_at, event_type, resource_type, action, metadata)"
                " VALUES ($1, 'credential.issued', 'credential', 'issue', $2)",
                [
                    (datetime(2025, 3, 10, tzinfo=UTC) + timedelta(hours=number), {"number": number, "by": tenant.name})
                    for number in range(ROWS)
                ],
            )
            await unit.commit()
        await Seals(maint, site.house.scope_of).seal(tenant.name)


@pytest.fixture
def archiver(site: Site, maint: Pool) -> Archiver:
    return Archiver(maint, site.house.scope_of, site.house.archive)


async def segments(site: Site) -> list[dict[str, Any]]:
    status, found = await site.api("GET", "/archive-segments")
    assert status == 200
    return list(found["items"])


async def events(site: Site, query: str, key: str | None = None) -> list[dict[str, Any]]:
    status, found = await site.api("GET", f"/audit/events?{query}", key=key)
    assert status == 200, found
    return list(found["items"])


async def proof(site: Site) -> Report:
    """What an auditor finds in an export."""
    status, exported = await site.api("GET", "/audit/export")
    assert status == 200
    lines = [json.loads(line) for line in exported.splitlines()]
    return verify(lines, [(await site.scope()).catalogue.key("audit").jwk])


async def in_database(site: Site) -> int:
    admin = await site.database.connect_admin()
    try:
        return int(await admin.fetchval("SELECT count(*) FROM agent.audit_logs WHERE occurred_at < '2025-04-01'"))
    finally:
        await admin.close()


@pytest.mark.usefixtures("past")
async def test_a_month_leaves_is_found_where_it_lies_and_still_proved(site: Site, archiver: Archiver) -> None:
    before = await events(site, "since=2025-03-01&until=2025-04-01")
    assert len(before) == ROWS
    planned = (await site.api("GET", "/retention-plan"))[1]["leaving"]
    assert {"table": "audit_logs", "month": "2025-03", "at": "2025-06-30T00:00:00+00:00"} in planned
    await archiver.run()
    assert await in_database(site) == 0
    (segment,) = await segments(site)
    assert (segment["table"], segment["month"], segment["tier"], segment["rows"]) == (
        "audit_logs",
        "2025-03",
        "cool",
        ROWS,
    )
    assert await events(site, "since=2025-03-01&until=2025-04-01") == before
    (one,) = await events(site, "until=2025-03-10T01:00:00&event_type=credential.issued")
    assert one["metadata"] == {"number": 0, "by": "alpha"}
    assert await events(site, "until=2025-04-01&text=beta") == []
    assert len(await events(site, "until=2025-04-01&text=beta", site.beta.api_key)) == ROWS
    assert (await proof(site)).faults == []


@pytest.mark.usefixtures("past")
async def test_a_second_run_changes_nothing(site: Site, archiver: Archiver) -> None:
    await archiver.run()
    before = await segments(site)
    await archiver.run()
    assert await segments(site) == before


@pytest.mark.usefixtures("past")
async def test_nothing_in_the_archive_can_be_read_without_the_key(
    site: Site, archiver: Archiver, tmp_path: Path
) -> None:
    await archiver.run()
    files = [one for one in (tmp_path / "archive").rglob("*") if one.is_file()]
    assert len(files) == 2
    assert not [one for one in files if b"PAR1" in one.read_bytes() or b"credential" in one.read_bytes()]


@pytest.mark.usefixtures("past")
async def test_a_changed_byte_in_the_archive_is_found(site: Site, archiver: Archiver, tmp_path: Path) -> None:
    await archiver.run()
    scope = await site.scope()
    async with scope.unit() as unit:
        (segment,) = await unit.archive.segments()
    file = tmp_path / "archive" / segment.object_key
    octets = bytearray(file.read_bytes())
    octets[-1] ^= 1
    file.write_bytes(octets)
    with pytest.raises(Differs):
        await archiver.read(scope, segment)


@pytest.mark.usefixtures("past")
async def test_k11_a_held_month_stays_and_is_dropped_when_the_hold_ends(site: Site, archiver: Archiver) -> None:
    held = {"legal_hold": True}
    assert (await site.api("PUT", "/retention-policies/audit_logs", held, site.beta.api_key))[0] == 204
    await archiver.run()
    assert await detached(site) == ["audit_logs_2025_03"]
    assert (await site.api("PUT", "/retention-policies/audit_logs", {}, site.beta.api_key))[0] == 204
    await archiver.run()
    assert await detached(site) == []


async def detached(site: Site) -> list[str]:
    admin = await site.database.connect_admin()
    try:
        rows = await admin.fetch(
            "SELECT relname FROM pg_class c WHERE relname LIKE 'audit_logs_2025_%' AND relkind = 'r'"
            " AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)"
        )
        return [row[0] for row in rows]
    finally:
        await admin.close()


@pytest.mark.usefixtures("past")
async def test_a_patient_tenant_keeps_the_month_for_all(site: Site, archiver: Archiver) -> None:
    patient = {"warm_after": 20_000, "cool_after": 20_000, "cold_after": 20_000}
    assert (await site.api("PUT", "/retention-policies/audit_logs", patient, site.beta.api_key))[0] == 204
    await archiver.run()
    assert await in_database(site) == 2 * ROWS


@pytest.mark.usefixtures("past")
async def test_an_erased_segment_is_gone_and_its_row_says_so(
    site: Site, archiver: Archiver, maint: Pool, tmp_path: Path
) -> None:
    await archiver.run()
    short = {"warm_after": 1, "cool_after": 2, "cold_after": 3, "erase_after": 4}
    assert (await site.api("PUT", "/retention-policies/audit_logs", short))[0] == 204
    (announced,) = (await site.api("GET", "/retention-plan"))[1]["segments"]
    assert announced["action"] == "erase"
    await archiver.run()
    (segment,) = await segments(site)
    assert segment["erased_at"]
    assert not (tmp_path / "archive" / segment["object"]).exists()
    assert await events(site, "until=2025-04-01") == []
    await Seals(maint, site.house.scope_of).seal("alpha")
    found = await proof(site)
    assert (found.faults, found.erased) == ([], ROWS)
    # and it accounts for no row more
    admin = await site.database.connect_admin()
    try:
        await admin.execute("ALTER TABLE agent.audit_logs DISABLE TRIGGER ALL")
        await admin.execute(
            "DELETE FROM agent.audit_logs WHERE id ="
            " (SELECT id FROM agent.audit_logs WHERE tenant_id = $1 AND event_type = 'tenant.created')",
            site.alpha.id,
        )
    finally:
        await admin.close()
    assert not (await proof(site)).well
    assert len(await events(site, "until=2025-04-01", site.beta.api_key)) == ROWS


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"warm_after": 10, "cool_after": 5}, 422),
        ({"erase_after": 5}, 422),
        ({"warm_after": -1}, 422),
        ({"surprise": 1}, 422),
    ],
)
async def test_a_policy_that_contradicts_itself_is_refused(site: Site, body: Any, status: int) -> None:
    assert (await site.api("PUT", "/retention-policies/audit_logs", body))[0] == status
    assert (await site.api("PUT", "/retention-policies/pg_class", {}))[0] == 400


def segment(tier: str, **changes: Any) -> Segment:
    made = Segment(*(uuid4(), "audit_logs", MONTH, tier, "k", 1, 1, b"", b"", uuid4()))
    return replace(made, **changes)


def test_tiers_follow_age_and_holds_win() -> None:
    policy = RetentionPolicy("audit_logs", erase_mode="after", erase_after=timedelta(days=4000))
    end = datetime(2025, 4, 1, tzinfo=UTC)
    warm = segment("warm")

    def at(days: int, **changes: Any) -> list[Any]:
        return due({"audit_logs": replace(policy, **changes)}, [warm], end + timedelta(days=days))

    assert at(364) == []
    assert at(365) == [Move(warm, "cool")]
    assert at(1095) == [Move(warm, "cold")]
    assert at(4000) == [Erase(warm)]
    assert at(4000, legal_hold=True) == []
    assert due({}, [segment("warm", erased_at=end)], end + timedelta(days=9999)) == []
    assert leaves_at(MONTH, []) == end + timedelta(days=90)


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """One for all tests here."""
    with s3_server(tmp_path_factory.mktemp("s3")) as started:
        yield started


@pytest.fixture
def bucket(s3: S3, tmp_path: Path) -> ObjectStore:
    """An empty one."""
    s3.make(tmp_path)
    return s3.bucket(tmp_path)


@pytest.mark.usefixtures("past")
async def test_a_bucket_is_as_good_as_a_folder(site: Site, maint: Pool, bucket: ObjectStore) -> None:
    archiver = Archiver(maint, site.house.scope_of, bucket)
    await archiver.run()
    assert await in_database(site) == 0
    scope = await site.scope()
    async with scope.unit() as unit:
        (found,) = await unit.archive.segments()
    assert found.tier == "cool"
    assert len(await archiver.read(scope, found)) == ROWS
    # a name is written once
    with pytest.raises(AlreadyExistsError):
        await bucket.put_async(found.object_key, b"another", mode="create")


@pytest.mark.usefixtures("past")
async def test_a_bucket_that_refuses_keeps_the_month_in_the_database(
    site: Site, maint: Pool, bucket: ObjectStore, s3: S3, tmp_path: Path
) -> None:
    with pytest.raises(BaseError):
        await Archiver(maint, site.house.scope_of, s3.bucket(tmp_path, secret_access_key="wrong")).run()
    assert await in_database(site) == 2 * ROWS
    assert await segments(site) == []
    await Archiver(maint, site.house.scope_of, bucket).run()
    assert await in_database(site) == 0
