"""A database brought back, from its files to the moment where it may be opened."""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent.compose.databases import HERE, Addresses, addresses_of, dedicated, prepare_every_database, within
from agent.compose.house import House
from agent.config import Config
from agent.lifecycle.backups.reopening import Reopened, reopen
from agent.lifecycle.journal import ErasureJournal
from agent.storage.database import open_pool
from agent.storage.embedded import EmbeddedPostgres, PostgresError
from agent.storage.recovery import until_writable

_MARK = "restore-unfinished"
_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Restored:
    """What was found, and where the data lies that was there before."""

    reopened: Reopened
    aside: Path | None


def require_finished(server: EmbeddedPostgres) -> None:
    """Raises PostgresError for data that was brought back and not made ready: it must not be opened so."""
    if (server.base / _MARK).exists():
        raise PostgresError("a restore was begun and not ended: run `chancery restore` again")


def bring_back(config: Config, server: EmbeddedPostgres, fetch: Callable[[Path | None], None]) -> Restored:
    """`fetch` fills the data folder of a located, taken server; what was there is kept aside, and told to it.

    The server runs for this alone, on its private socket, and is stopped at the end. Raises PostgresError, and what
    reopening raises: then the data stays marked, and is not opened. What cannot be fetched changes nothing.
    """
    (server.base / _MARK).touch()
    aside = _set_aside(server)
    try:
        fetch(aside)
    except BaseException:
        _put_back(server, aside)
        raise
    try:
        server.start(_SECONDS)
        asyncio.run(until_writable(server.admin_dsn, _SECONDS))
        found = asyncio.run(reopen_database(config, addresses_of(server)))
    finally:
        server.stop()
    (server.base / _MARK).unlink()
    return Restored(found, aside)


async def reopen_database(config: Config, where: Addresses) -> Reopened:
    """This version's schema, then what comes before the first request: in the shared database, and in those of tenants'
    own that came back with it, on the same server."""
    await prepare_every_database(config, where)
    with_it = [within(where, name) for server, name in await dedicated(where) if server == HERE]
    async with House(config, where) as house:
        found = [await _reopen(house, one) for one in (where, *with_it)]
    records = {name: report for one in found for name, report in one.records.items()}
    return Reopened(max(one.epoch for one in found), sum(one.erased_again for one in found), records)


async def _reopen(house: House, where: Addresses) -> Reopened:
    maint = await open_pool(where.maint, 2, "agent_maint")
    try:
        return await reopen(where.owner, maint, house.scope_within, ErasureJournal(house.archive))
    finally:
        await maint.close()


def _set_aside(server: EmbeddedPostgres) -> Path | None:
    if not server.data.exists():
        return None
    if server.runs():  # it outlived whoever started it
        server.run(server.binaries / "pg_ctl", "-D", server.data, "-m", "fast", "-w", "stop")
    aside = server.data.with_name(f"postgres.before-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    server.data.rename(aside)
    return aside


def _put_back(server: EmbeddedPostgres, aside: Path | None) -> None:
    shutil.rmtree(server.data, ignore_errors=True)
    if aside:
        aside.rename(server.data)
    (server.base / _MARK).unlink()
