import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from agent.storage import migrate
from agent.storage.embedded import EmbeddedPostgres
from tests.agent.messaging.world import World, open_world


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A database server of our own, migrated."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"))
    server.start()
    asyncio.run(_migrate(server))
    yield server
    server.stop("immediate")


async def _migrate(server: EmbeddedPostgres) -> None:
    await migrate.prepare(server.admin_dsn)
    await migrate.migrate(server.dsn("chancery_owner"))


@pytest.fixture
async def world(postgres: EmbeddedPostgres) -> AsyncIterator[World]:
    async with open_world(postgres) as opened:
        yield opened
