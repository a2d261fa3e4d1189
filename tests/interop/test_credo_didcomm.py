"""Credo over DIDComm v1: both handshakes in both roles, and what is said on the connection."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from agent.operations.messaging.accept_invitation import AcceptInvitation
from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.create_invitation import CreateInvitation
from agent.operations.messaging.invite import accept, invite
from agent.operations.messaging.rotate_did import end_connection, rotate_did
from agent.scope import Scope
from agent.scope.connections import Connection
from agent.workers.deliveries import Deliveries
from tests.agent.messaging.world import World, open_world
from tests.databases import Database
from tests.interop.didcomm_peer import AgentRefused, CredoAgent


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def credo(credo_installed: None) -> AsyncIterator[CredoAgent]:
    async with CredoAgent() as agent:
        yield agent


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(shared_database: Database) -> AsyncIterator[World]:
    """Our server, whose worker sends what waits."""
    async with open_world(shared_database) as opened:
        worker = asyncio.create_task(_deliver(opened))
        yield opened
        worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker


async def _deliver(world: World) -> None:
    while True:
        await Deliveries(world.maint, world.scope_of)()
        await asyncio.sleep(0.05)


@pytest_asyncio.fixture(loop_scope="module")
async def ours(world: World) -> Scope:
    return await world.tenant(f"t{secrets.token_hex(6)}")


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def until(check: Any) -> Any:
    """What comes of it within half a minute."""
    for _ in range(300):
        found = await check()
        if found:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("it never came")


async def completed(scope: Scope) -> Connection:
    async def look() -> Connection | None:
        async with scope.unit() as unit:
            found: list[Connection] = await unit.connections.listing(None, 10)
        return next((one for one in found if one.state == "completed"), None)

    found: Connection = await until(look)
    return found


async def invited_by_us(ours: Scope, credo: CredoAgent, *protocols: str) -> tuple[Connection, str]:
    from tests.agent.messaging.test_version_1 import _only

    made = await invite(ours, CreateInvitation(label="Chancery"), 1)
    theirs = await credo("receive-invitation", url=_only(made, *protocols))
    return await completed(ours), theirs["connection"]


async def invited_by_credo(ours: Scope, credo: CredoAgent, **how: Any) -> tuple[Connection, str]:
    made = await credo("create-invitation", **how)
    await accept(ours, AcceptInvitation(made["url"]))
    theirs = await credo("wait-connection", oob=made["oob"])
    return await completed(ours), theirs["connection"]


async def state(world: World, scope: Scope, thread: Any) -> str:
    rows = await world.rows(scope, f"SELECT state FROM threads WHERE id = '{thread}'")
    return str(rows[0]["state"])


async def require_talk(world: World, ours: Scope, credo: CredoAgent, connection: Connection, theirs: str) -> None:
    """Ping, message and discovery, each way."""
    await credo("ping", connection=theirs)
    ping = await begin_protocol(ours, BeginProtocol(connection.id, "trust-ping-1"))
    await until(lambda: _is(world, ours, ping, "completed"))
    await begin_protocol(ours, BeginProtocol(connection.id, "basicmessage-1", {"content": "Grüezi"}))
    await until(lambda: _heard(credo, theirs, "Grüezi"))
    await credo("message", connection=theirs, content="Hallo")
    await until(lambda: _received(world, ours, "https://didcomm.org/basicmessage/1.0/message"))


async def _is(world: World, scope: Scope, thread: Any, wanted: str) -> bool:
    return await state(world, scope, thread) == wanted


async def _heard(credo: CredoAgent, theirs: str, content: str) -> bool:
    return any(one["content"] == content for one in await credo("messages", connection=theirs))


async def _received(world: World, scope: Scope, type_: str) -> bool:
    rows = await world.rows(scope, f"SELECT 1 FROM messages WHERE direction = 'in' AND type = '{type_}'")
    return bool(rows)


@pytest.mark.parametrize(
    "protocol",
    ["https://didcomm.org/didexchange/1.1", "https://didcomm.org/connections/1.0"],
    ids=["did-exchange", "connections"],
)
async def test_credo_takes_our_invitation(world: World, ours: Scope, credo: CredoAgent, protocol: str) -> None:
    connection, theirs = await invited_by_us(ours, credo, protocol)
    assert connection.label == "Credo"
    await require_talk(world, ours, credo, connection, theirs)


@pytest.mark.parametrize(
    "how",
    [{"protocols": ["DidExchange"]}, {"protocols": ["Connections"]}, {"legacy": True}],
    ids=["did-exchange", "connections", "legacy"],
)
async def test_we_take_credos_invitation(world: World, ours: Scope, credo: CredoAgent, how: dict[str, Any]) -> None:
    connection, theirs = await invited_by_credo(ours, credo, **how)
    assert connection.label == "Credo"
    await require_talk(world, ours, credo, connection, theirs)


async def test_both_tell_what_they_can_do(world: World, ours: Scope, credo: CredoAgent) -> None:
    connection, theirs = await invited_by_us(ours, credo, "https://didcomm.org/didexchange/1.1")
    for version in ("v1", "v2"):
        told = await credo("discover", connection=theirs, version=version)
        named = {one.get("id", one.get("pid", one.get("protocolId"))) for one in told["disclosures"]}
        assert "https://didcomm.org/trust_ping/1.0" in named
    asked = [
        await begin_protocol(ours, BeginProtocol(connection.id, "discover-features-1", {"query": "*"})),
        await begin_protocol(
            ours,
            BeginProtocol(
                connection.id, "discover-features-2-v1", {"queries": [{"feature-type": "protocol", "match": "*"}]}
            ),
        ),
    ]
    for thread in asked:
        await until(lambda thread=thread: _is(world, ours, thread, "completed"))


async def test_credo_rotates_its_did_and_leaves(world: World, ours: Scope, credo: CredoAgent) -> None:
    connection, theirs = await invited_by_us(ours, credo, "https://didcomm.org/didexchange/1.1")
    await credo("rotate", connection=theirs)

    async def moved() -> bool:
        async with ours.unit() as unit:
            return (await unit.connections.get(connection.id)).their_did != connection.their_did

    await until(moved)

    async def answered() -> bool:  # Credo speaks with the DID that it left until our acknowledgement has come
        with contextlib.suppress(AgentRefused):
            await credo("ping", connection=theirs)
            return True
        return False

    await until(answered)
    ping = await begin_protocol(ours, BeginProtocol(connection.id, "trust-ping-1"))
    await until(lambda: _is(world, ours, ping, "completed"))
    await credo("hangup", connection=theirs)

    async def gone() -> bool:
        async with ours.unit() as unit:
            return bool((await unit.connections.get(connection.id)).state == "abandoned")

    await until(gone)


async def test_credo_follows_our_did_and_hears_that_we_leave(world: World, ours: Scope, credo: CredoAgent) -> None:
    connection, theirs = await invited_by_us(ours, credo, "https://didcomm.org/didexchange/1.1")
    await rotate_did(ours, connection.id)

    async def moved() -> bool:
        async with ours.unit() as unit:
            return bool((await unit.connections.get(connection.id)).own_did != connection.own_did)

    await until(moved)
    await require_talk(world, ours, credo, connection, theirs)
    async with ours.unit() as unit:
        now = await unit.connections.get(connection.id)
        assert now.own_did != connection.own_did
        assert "prior_own" not in now.data
    await end_connection(ours, connection.id)

    async def gone() -> bool:  # Credo has nobody to write to any more
        with contextlib.suppress(AgentRefused):
            await credo("ping", connection=theirs)
            return False
        return True

    await until(gone)


async def test_credo_speaks_with_the_old_media_type(world: World, ours: Scope, credo_installed: None) -> None:
    async with CredoAgent("--mime", "v0") as credo:
        connection, theirs = await invited_by_us(ours, credo, "https://didcomm.org/didexchange/1.1")
        await require_talk(world, ours, credo, connection, theirs)


async def test_credo_is_reached_through_our_mediator(world: World, ours: Scope, credo_installed: None) -> None:
    mediator = await world.tenant(f"m{secrets.token_hex(6)}")
    async with CredoAgent() as credo:
        made = await invite(mediator, CreateInvitation(policy={"mediate": True}), 1)
        line = (await credo("receive-invitation", url=made.url))["connection"]
        granted = await credo("mediated", connection=line)
        assert (granted["state"], granted["endpoint"]) == ("granted", made.url.partition("?")[0])

        async def pick_up() -> None:
            while True:
                await credo("pick-up", connection=line)
                await asyncio.sleep(0.3)

        picking = asyncio.create_task(pick_up())
        try:
            connection, theirs = await invited_by_credo(ours, credo)
            await require_talk(world, ours, credo, connection, theirs)
        finally:
            assert not picking.done(), picking.exception()
            picking.cancel()
    held = await world.rows(mediator, "SELECT count(*) FROM message_queue")
    assert held[0][0] == 0
    events = await world.rows(mediator, "SELECT count(*) FROM audit_logs WHERE event_type = 'didcomm.held'")
    assert events[0][0] > 2
