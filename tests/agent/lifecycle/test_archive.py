"""Months leave the database and can still be searched and proved; holds, erasures and faults are minded."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
import pytest_asyncio

from agent.audit.verifying import Report, verify
from agent.config import Config
from agent.lifecycle.archive import Archiver
from agent.lifecycle.blobs import AlreadyExistsError, BaseError, Differs, ObjectStore, open_store
from agent.operations.keeping.retention import Erase, Move, due, leaves_at
from agent.scope.archiving import RetentionPolicy, Segment
from agent.storage.database import open_pool
from agent.storage.pool import Pool
from agent.workers.seals import Seals
from tests.houses import Site, free_port

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


def make_bucket(folder: str, door: str, server: "subprocess.Popen[bytes]") -> None:
    """As soon as the server's parts have found each other."""
    for _ in range(600):
        assert server.poll() is None, "the S3 server ended"
        with suppress(OSError):
            with suppress(HTTPError):
                urlopen(Request(folder, method="POST"), timeout=2).close()  # 409 when it is there
            with suppress(HTTPError):
                urlopen(door, timeout=2).close()  # refuses who brings no key: so it is there
            return
        time.sleep(0.1)
    raise AssertionError("the S3 server did not become ready")


@dataclass(frozen=True, slots=True)
class S3:
    """A real S3 server: where buckets are made, and how to get in."""

    filer: str
    options: dict[str, str]

    def bucket(self, folder: Path, **changes: str) -> ObjectStore:
        """The bucket `rolls-<folder>`, as the server opens it by its settings."""
        options = json.dumps(self.options | changes)
        return open_store(Config(home=folder, archive_url=f"s3://{name_of(folder)}", archive_options=options))


def name_of(folder: Path) -> str:
    """A bucket of each test's own."""
    return f"rolls-{sha256(str(folder).encode()).hexdigest()[:12]}"


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """Started once, ended with all that it started."""
    folder = tmp_path_factory.mktemp("s3")
    rights = {"name": "chancery", "credentials": [{"accessKey": "key", "secretKey": "secret"}]}
    identities = {"identities": [rights | {"actions": ["Admin", "Read", "Write", "List"]}]}
    (folder / "s3.json").write_text(json.dumps(identities))
    filer, door = free_port(), free_port()
    ports = {"master.port": free_port(), "volume.port": free_port(), "filer.port": filer, "s3.port": door}
    ports |= {f"{name}.grpc": free_port() for name in ports}
    command = [
        *(str(Path(sys.executable).with_name("weed")), "server", "-s3", f"-dir={folder}", "-ip=127.0.0.1"),
        *(f"-{name}={port}" for name, port in ports.items()),
        *(f"-s3.config={folder / 's3.json'}", "-master.volumeSizeLimitMB=64", "-master.telemetry=false"),
    ]
    with (folder / "weed.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        url = f"http://127.0.0.1:{door}"
        make_bucket(f"http://127.0.0.1:{filer}/buckets/first/", url, server)
        options = {"endpoint": url, "access_key_id": "key", "secret_access_key": "secret", "region": "us-east-1"}
        yield S3(f"http://127.0.0.1:{filer}", options | {"allow_http": "true"})
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(20)


@pytest.fixture
def bucket(s3: S3, tmp_path: Path) -> ObjectStore:
    """An empty one."""
    urlopen(Request(f"{s3.filer}/buckets/{name_of(tmp_path)}/", method="POST"), timeout=10).close()
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
