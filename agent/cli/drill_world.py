"""What a drill destroys and brings back: a server of its own with a tenant, people and credentials."""

import asyncio
import json
import os
import secrets
import shutil
import signal
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import asyncpg

from agent.cli.load import Flows
from agent.compose.databases import addresses_of, prepare_database
from agent.compose.house import House
from agent.compose.server import handler, listening
from agent.config import Config
from agent.lifecycle.backups.pgbackrest import PgBackRest, due, of_home
from agent.lifecycle.journal import ErasureJournal
from agent.operations.administering.accounts import CreateUser, create_user
from agent.operations.administering.create_tenant import create_tenant
from agent.operations.keeping.erase_person import (
    NobodyKnown,
    RequestErasure,
    approve_erasure,
    request_erasure,
    show_erasure,
)
from agent.operations.keeping.export_person import export_person
from agent.scope.administering import CreateTenant
from agent.scope.keeping import Whom
from agent.storage.embedded import EmbeddedPostgres, PostgresError
from agent.storage.recovery import count_rows
from agent.tenancy import WORKER

TENANT = "drill"
PLACES = ("local", "regional", "geo")
_PERSON = {"given_name": "Erika", "family_name": "Mustermann", "birthdate": "1964-08-12"}
_GONE = "alice"
_SETTINGS = "shared_buffers = 32MB\n"
_NOT_SYNCED = {"fsync": "off"}
"""The drill's own power does not fail: what is measured is bringing back, not the disk."""


class World:
    """Below one folder: the primary server, key stores, three repositories, the journal of erasures."""

    def __init__(self, folder: Path, pg_bin: str) -> None:
        self.folder, self._pg_bin = folder, pg_bin
        port = _free_port()
        self.keys, self.journal = folder / "keys", folder / "journal"
        repositories = [
            {"name": name, "url": f"file://{folder / name}", "passphrase": secrets.token_hex(16)} for name in PLACES
        ]
        self.config = Config(
            home=self.keys,
            port=port,
            fetch_allow=f"localhost:{port}",
            archive_url=f"file://{self.journal}",
            backup_repositories=json.dumps(repositories),
        )
        self._servers: list[EmbeddedPostgres] = []
        self.primary = self.server("primary")
        self.api_key = ""
        self.acknowledged: list[datetime] = []
        self.counts: Mapping[str, int] = {}

    def server(self, name: str) -> EmbeddedPostgres:
        """One more server, located and not started."""
        made = EmbeddedPostgres(self.folder / name, self._pg_bin, settings=_SETTINGS)
        made.locate()
        made.options = dict(_NOT_SYNCED)
        self._servers.append(made)
        return made

    def tool(self, server: EmbeddedPostgres) -> PgBackRest:
        """pgBackRest for one of the servers, configured. Raises PostgresError."""
        made = of_home(self.config, server)
        if made is None:
            raise PostgresError("no repositories")
        made.configure()
        return made

    def begin(self) -> None:
        """The primary runs and ships its log; a tenant with an account."""
        self.keys.mkdir()
        made = of_home(self.config, self.primary)
        if made is None:
            raise PostgresError("no repositories")
        self.primary.options |= made.configure()
        self.primary.start()
        made.begin()
        asyncio.run(self._populate())

    async def _populate(self) -> None:
        where = addresses_of(self.primary)
        await prepare_database(where)
        async with House(self.config, where) as house:
            await house.found_system()
            made = await create_tenant(await house.control(), CreateTenant(TENANT, "Drill", {"pid": _PERSON}))
            self.api_key = made.api_key
            scope = await house.scope_of(TENANT, WORKER)
            await create_user(scope, CreateUser("alice@example.org", "a long pass phrase 1", _GONE, _PERSON))

    def back_up(self, place: str) -> None:
        """A full backup; a moment from now on can be brought back from it (the tool counts whole seconds)."""
        made = self.tool(self.primary)
        repository = made.named(place)
        made.back_up("full", repository)
        if due(made.listed(repository), datetime.now(UTC)):
            raise PostgresError("a backup that was just made is not there")
        time.sleep(1.1)

    @asynccontextmanager
    async def served(self, server: EmbeddedPostgres) -> AsyncIterator[tuple[House, Flows]]:
        """The house over a server, behind its door, with a wallet before it."""
        async with (
            House(self.config, addresses_of(server)) as house,
            listening(self.config, handler(house)),
            aiohttp.ClientSession() as session,
        ):
            yield house, Flows(session, self.config.origin, self.api_key)

    def issue(self, count: int) -> None:
        """Credentials, each acknowledged to its wallet at a time."""
        asyncio.run(self._issue(count))

    async def _issue(self, count: int) -> None:
        async with self.served(self.primary) as (_, flows):
            for _ in range(count):
                await flows.issuance()
                self.acknowledged.append(datetime.now(UTC))

    def erase(self) -> None:
        """A person goes, into the journal too."""
        asyncio.run(self._erase())

    async def _erase(self) -> None:
        async with House(self.config, addresses_of(self.primary)) as house:
            scope = await house.scope_of(TENANT, WORKER)
            erasure = await request_erasure(scope, RequestErasure(Whom(subject=_GONE)))
            await approve_erasure(scope, erasure)
            await ErasureJournal(house.archive).write(scope, await show_erasure(scope, erasure))

    def ship(self) -> None:
        """The log so far into every repository, as happens each minute by itself."""
        asyncio.run(_ship(self.primary.admin_dsn))

    def count(self) -> None:
        """Remember how many rows there are."""
        self.counts = asyncio.run(count_rows(self.primary.admin_dsn))

    def execute(self, sql: str) -> None:
        """As an administrator of the database who knows no bounds."""
        asyncio.run(_execute(self.primary.admin_dsn, sql))

    def kill(self) -> None:
        """The primary's processes and files, at once."""
        pid = int((self.primary.data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
        while self.primary.runs():
            time.sleep(0.05)
        shutil.rmtree(self.primary.data)

    async def forgotten(self, house: House) -> bool:
        """Whether the erased person is still gone."""
        try:
            await export_person(await house.scope_of(TENANT, WORKER), Whom(subject=_GONE))
        except NobodyKnown:
            return True
        return False

    def end(self) -> None:
        """Stop every server."""
        for server in self._servers:
            server.stop("immediate")


async def _execute(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def _ship(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        segment = await connection.fetchval("SELECT pg_walfile_name(pg_switch_wal())")
        archived = "SELECT coalesce(last_archived_wal >= $1, false) FROM pg_stat_archiver"
        while not await connection.fetchval(archived, segment):  # noqa: ASYNC110  # the database has no event for it
            await asyncio.sleep(0.05)
    finally:
        await connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
