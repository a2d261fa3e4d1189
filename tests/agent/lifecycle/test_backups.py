"""Copies of the embedded database, and what is brought back from them: nobody who was erased. Drills do the rest."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.compose.databases import addresses_of, prepare_database
from agent.compose.house import House
from agent.compose.restoring import Restored, bring_back, require_finished
from agent.config import Config
from agent.lifecycle.backups.copies import copy_base, export_rows, put_back
from agent.lifecycle.backups.pgbackrest import Backup, PgBackRest, due, of_home
from agent.lifecycle.backups.repositories import InvalidRepositories, configuration, read_repositories
from agent.lifecycle.journal import ErasureJournal
from agent.operations.administering.accounts import CreateUser, create_user
from agent.operations.administering.create_tenant import create_tenant
from agent.operations.keeping.erase_person import (
    NobodyKnown,
    RequestErasure,
    approve_erasure,
    request_erasure,
)
from agent.operations.keeping.export_person import export_person
from agent.scope import Scope
from agent.scope.administering import CreateTenant
from agent.scope.keeping import Whom
from agent.storage.database import open_pool
from agent.storage.embedded import EmbeddedPostgres, PostgresError, wheel_binaries
from agent.tenancy import WORKER
from agent.workers.erasures import Erasures
from tests.houses import PERSON
from tests.postgres_binaries import backup_binaries
from tests.s3_servers import s3_server

_QUICK = "fsync = off\nshared_buffers = 16MB\n"
NOW = datetime(2026, 12, 1, tzinfo=UTC)


@asynccontextmanager
async def opened(config: Config, server: EmbeddedPostgres) -> AsyncIterator[House]:
    async with House(config, addresses_of(server)) as house:
        yield house


async def found(config: Config, server: EmbeddedPostgres) -> None:
    """A tenant with two people."""
    await prepare_database(addresses_of(server))
    async with opened(config, server) as house:
        await house.found_system()
        await create_tenant(await house.control(), CreateTenant("alpha", "Alpha", {"pid": PERSON}))
        scope = await house.scope_of("alpha", WORKER)
        for name in ("alice", "bob"):
            await create_user(scope, CreateUser(f"{name}@example.org", "a long pass phrase 1", name, PERSON))


async def erase(config: Config, server: EmbeddedPostgres, name: str) -> None:
    """As a privacy officer does it, and the worker after that."""
    async with opened(config, server) as house:
        scope = await house.scope_of("alpha", WORKER)
        await approve_erasure(scope, await request_erasure(scope, RequestErasure(Whom(subject=name))))
        pool = await open_pool(addresses_of(server).maint, 1, "agent_maint")
        try:
            await Erasures(pool, house.scope_of, ErasureJournal(house.archive))()
        finally:
            await pool.close()


async def known(scope: Scope, name: str) -> bool:
    try:
        return bool((await export_person(scope, Whom(subject=name)))["accounts"])
    except NobodyKnown:
        return False


async def people(config: Config, server: EmbeddedPostgres) -> list[str]:
    async with opened(config, server) as house:
        scope = await house.scope_of("alpha", WORKER)
        return [name for name in ("alice", "bob") if await known(scope, name)]


async def open_list(config: Config, server: EmbeddedPostgres) -> int:
    """The number of the list that credentials are registered in."""
    async with opened(config, server) as house:
        scope = await house.scope_of("alpha", WORKER)
        (registry,) = scope.catalogue.status_registries.values()
        return int(registry.uri.rpartition("/")[2])


def assert_reopened(restored: Restored, erased: int) -> None:
    found = restored.reopened
    assert found.well, found.records
    assert found.records["alpha"].rows > 0
    assert found.records["alpha"].unsealed == 0
    assert found.epoch >= int(time.time()) // 60 - 1
    assert found.erased_again == erased


def test_what_could_not_be_made_ready_is_not_opened(quick_folder: Path) -> None:
    folder = quick_folder
    home = folder / "copied"
    config = Config(home=home)
    server = EmbeddedPostgres(home, str(wheel_binaries()), settings=_QUICK)
    server.start()
    try:
        asyncio.run(found(config, server))
        copy_base(server, folder / "copy")
        with pytest.raises(PostgresError, match="there already"):
            copy_base(server, folder / "copy")
        export_rows(server, folder / "rows")
        assert (folder / "rows").read_bytes()[:5] == b"PGDMP"
        asyncio.run(erase(config, server, "alice"))
        server.stop()
        # the journal is tampered with: nobody knows who was erased
        (entry,) = (path for path in (home / "archive" / "erasures").rglob("*") if path.is_file())
        whole = entry.read_bytes()
        entry.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        server.take()
        with pytest.raises(Exception, match="tag"):
            bring_back(config, server, lambda _: put_back(server, folder / "copy"))
        with pytest.raises(PostgresError, match="not ended"):
            require_finished(server)
        entry.write_bytes(whole)
        server.take()
        assert_reopened(bring_back(config, server, lambda _: put_back(server, folder / "copy")), erased=1)
        require_finished(server)
        server.start()
        assert asyncio.run(people(config, server)) == ["bob"]
        # what was issued after that moment has places in lists that take no more
        assert asyncio.run(open_list(config, server)) >= int(time.time()) // 60 - 1
        # a copy with a byte that differs is no copy
        page = next(path for path in (folder / "copy" / "base").rglob("*") if path.is_file() and path.stat().st_size)
        page.write_bytes(b"x" + page.read_bytes()[1:])
        server.stop()
        server.take()
        with pytest.raises(PostgresError, match="pg_verifybackup"):
            bring_back(config, server, lambda _: put_back(server, folder / "copy"))
        require_finished(server)
        server.start()
        assert asyncio.run(people(config, server)) == ["bob"]
    finally:
        server.stop()


@pytest.mark.nightly
def test_a_bucket_is_as_good_a_repository_as_a_folder(quick_folder: Path) -> None:
    home = quick_folder / "home"
    with s3_server(quick_folder) as s3:
        told = {"name": "geo", "url": f"s3://{s3.make(quick_folder)}/backups", "passphrase": "a long pass phrase"}
        config = Config(home=home, backup_repositories=json.dumps([told | s3.secure]))
        server = EmbeddedPostgres(home, str(backup_binaries()), settings=_QUICK)
        server.locate()
        tool = of_home(config, server)
        assert tool
        server.options = dict(tool.configure())
        server.start()
        try:
            asyncio.run(found(config, server))
            tool.begin()
            geo = tool.named("geo")
            tool.back_up("full", geo)
            assert [one.kind for one in tool.listed(geo)] == ["full"]
            asyncio.run(erase(config, server, "alice"))
            server.stop()
            shutil.rmtree(server.data)
            server.take()
            # as late as the bucket knows: the log of the erasure was shipped when the server stopped
            assert_reopened(bring_back(config, server, lambda _: tool.restore(geo)), erased=0)
            server.start()
            assert asyncio.run(people(config, server)) == ["bob"]
        finally:
            server.stop()


def backup(kind: str, **ago: float) -> Backup:
    return Backup("label", kind, NOW - timedelta(**ago), 1)


@pytest.mark.parametrize(
    ("backups", "kind"),
    [
        ([], "full"),
        ([backup("full", days=7)], "full"),
        ([backup("full", days=6)], "differential"),
        ([backup("full", days=6), backup("differential", hours=23)], "incremental"),
        ([backup("full", days=6), backup("differential", hours=23), backup("incremental", hours=3)], None),
        ([backup("full", hours=3)], None),
    ],
)
def test_a_full_backup_weekly_a_differential_daily_an_incremental_every_four_hours(
    backups: list[Backup], kind: str | None
) -> None:
    assert due(backups, NOW) == kind


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON"),
        ("[]", "a JSON list"),
        ('[{"name": "a", "url": "ftp://x"}]', "needs for each repository"),
        ('[{"name": "a", "url": "file:///x", "size": 1}]', "knows no size"),
        ('[{"name": "a", "url": "file:///x\\npg1-user=root"}]', "words and numbers"),
        ('[{"name": "a", "url": "file:///x"}, {"name": "a", "url": "file:///y"}]', "twice"),
        ('[{"name": "a", "url": "s3://x/y", "endpoint": "http://z"}]', "https"),
        ('[{"name": "a", "url": "file:///x", "keep_full": 0}]', "1 to 9999"),
    ],
)
def test_a_repository_that_cannot_be_is_named(text: str, says: str) -> None:
    with pytest.raises(InvalidRepositories, match=says):
        read_repositories(text)


def test_a_bucket_is_told_to_the_tool() -> None:
    told = {"name": "geo", "url": "s3://rolls/geo", "endpoint": "https://s3.example:8333", "region": "eu"}
    text = configuration(read_repositories(json.dumps([told | {"access_key_id": "k"}])), {"path": "/data"}, "/x")
    expected = {
        *("repo1-type=s3", "repo1-path=/geo", "repo1-s3-bucket=rolls", "repo1-s3-endpoint=s3.example"),
        *("repo1-storage-host=s3.example", "repo1-storage-port=8333", "repo1-s3-region=eu", "repo1-s3-key=k"),
        *("[chancery]", "pg1-path=/data"),
    }
    assert expected <= set(text.splitlines())


def test_without_the_tool_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PostgresError, match="pgbackrest"):
        PgBackRest(EmbeddedPostgres(Path()), ())
