from collections.abc import AsyncIterator

import pytest

from tests.agent.messaging.world import World, open_world
from tests.databases import Database


@pytest.fixture
async def world(shared_database: Database) -> AsyncIterator[World]:
    async with open_world(shared_database) as opened:
        yield opened
