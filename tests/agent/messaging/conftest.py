import secrets
from collections.abc import AsyncIterator

import pytest

from agent.operations.messaging.identity import identity_of
from agent.scope import Scope
from protocols.did import DidDocument
from tests.agent.messaging.peer import Peer
from tests.agent.messaging.world import World, open_world
from tests.databases import Database


@pytest.fixture
async def world(shared_database: Database) -> AsyncIterator[World]:
    async with open_world(shared_database) as opened:
        yield opened


@pytest.fixture
async def tenant(world: World) -> Scope:
    return await world.tenant(f"t{secrets.token_hex(6)}")


@pytest.fixture
async def stranger(tenant: Scope) -> Peer:
    identity = await identity_of(tenant)
    return Peer(DidDocument(identity.did, identity.document), f"{tenant.tenant.base_url}/didcomm")
