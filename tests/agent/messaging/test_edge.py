"""An edge agent of ours behind a mediator of ours: nobody reaches it but through the queue."""

import asyncio
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.operations.messaging.accept_invitation import AcceptInvitation, accept_invitation
from agent.operations.messaging.be_mediated import mediation_with, request_mediation
from agent.operations.messaging.begin_protocol import BeginProtocol, NoConnection, begin_protocol
from agent.operations.messaging.breaker import Breaker, Resting
from agent.operations.messaging.create_invitation import CreateInvitation, create_invitation
from agent.operations.messaging.deliver_message import deliver_message
from agent.operations.messaging.pick_up import pick_up
from agent.scope import Scope
from agent.workers.deliveries import Deliveries
from agent.workers.pickups import Pickups
from protocols.did import peer
from protocols.ports.tools import FetchFailed
from tests.agent.messaging.world import World

SAID = "SELECT count(*) FROM messages WHERE direction = 'in' AND type = 'https://didcomm.org/basicmessage/2.0/message'"


class Edge:
    """A mediator, somebody behind it, and somebody who writes to them."""

    def __init__(self, world: World, mediator: Scope, edge: Scope, writer: Scope) -> None:
        self.world, self.mediator, self.edge, self.writer = world, mediator, edge, writer
        self.deliveries = Deliveries(world.maint, world.scope_of)

    async def join(self) -> None:
        made = await create_invitation(self.mediator, CreateInvitation(policy={"mediate": True}))
        self.line = await accept_invitation(self.edge, AcceptInvitation(made.url))
        await self.deliveries()
        await request_mediation(self.edge, self.line)
        await self.deliveries()
        self.mediation = await mediation_with(self.edge, self.line)

    async def meet(self) -> None:
        """The writer takes an invitation of the edge's, which names the mediator and not the edge."""
        made = await create_invitation(self.edge, CreateInvitation(mediator=self.line))
        service = peer.document(made.invitation["from"]).document["service"][0]
        assert service["serviceEndpoint"]["uri"] == self.mediation.routing[0]
        self.writing = await accept_invitation(self.writer, AcceptInvitation(made.url))
        await self.deliveries()

    async def write(self, count: int) -> None:
        for number in range(count):
            await begin_protocol(self.writer, BeginProtocol(self.writing, "basicmessage", {"content": f"{number}"}))

    async def said(self) -> int:
        return int((await self.world.rows(self.edge, SAID))[0][0])

    async def held(self) -> int:
        return len(await self.world.rows(self.mediator, "SELECT id FROM message_queue"))


@pytest.fixture
async def edge(world: World) -> Edge:
    made = Edge(world, *[await world.tenant(f"{name}{secrets.token_hex(6)}") for name in "mew"])
    await made.join()
    return made


async def test_messages_wait_at_the_mediator_until_they_are_picked_up(edge: Edge) -> None:
    await edge.meet()
    assert (await edge.held(), await edge.said()) == (1, 0)
    assert await pick_up(edge.edge, edge.mediation) == 1
    await edge.write(3)
    await edge.deliveries()
    assert (await edge.held(), await edge.said()) == (3, 0)
    assert await pick_up(edge.edge, edge.mediation) == 3
    assert (await edge.held(), await edge.said()) == (0, 3)
    # The answer to the first ping went back the direct way, from behind the mediator.
    states = await edge.world.rows(
        edge.writer, "SELECT state FROM threads WHERE role = 'sender' AND state <> 'completed'"
    )
    assert states == []


async def test_a_line_to_the_mediator_delivers_at_once(edge: Edge) -> None:
    async with edge.edge.unit() as unit:
        mediator = peer.document((await unit.connections.get(edge.line)).their_did)
    assert [one["id"] for one in mediator.document["service"]] == ["#didcomm", "#didcomm-ws"]
    pickups = Pickups(edge.world.maint, edge.world.scope_of)
    await edge.meet()
    await edge.write(2)
    await edge.deliveries()
    await pickups()
    try:
        await until(edge, 2)
        await edge.write(3)
        await edge.deliveries()
        await until(edge, 5)
        assert edge.world.sockets.count == 1
        await asyncio.sleep(0.3)
        assert await edge.held() == 0
    finally:
        await pickups.close()


async def test_what_waited_comes_over_the_line_however_much_it_is(edge: Edge) -> None:
    await edge.meet()
    await edge.write(60)
    await edge.deliveries()
    assert await edge.held() == 61
    pickups = Pickups(edge.world.maint, edge.world.scope_of)
    await pickups()
    try:
        await until(edge, 60)
        await asyncio.sleep(0.5)
        assert await edge.held() == 0
    finally:
        await pickups.close()


async def test_a_quiet_line_is_asked_whether_something_was_missed(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.workers.pickups._QUIET", 0.5)
    await edge.meet()
    await edge.write(1)
    await edge.deliveries()
    async with edge.mediator.unit() as unit:
        columns = "tenant_id, id, mediation_id, recipient_index, envelope, expires_at"
        rows = await unit.connection.fetch(f"DELETE FROM agent.message_queue RETURNING {columns}")
        await unit.commit()
    pickups = Pickups(edge.world.maint, edge.world.scope_of)
    await pickups()
    try:
        await asyncio.sleep(1.2)
        async with edge.mediator.unit() as unit:
            # Without a notice, and from before the line was open: nothing but asking finds them.
            insert = f"INSERT INTO agent.message_queue ({columns}, received_at) VALUES ($1, $2, $3, $4, $5, $6, $7)"
            for row in rows:
                await unit.connection.execute(insert, *row.values(), unit.now - timedelta(hours=1))
            await unit.commit()
        await until(edge, 1)
    finally:
        await pickups.close()


async def until(edge: Edge, count: int) -> None:
    async with asyncio.timeout(20):
        while await edge.said() < count:  # noqa: ASYNC110  # the database is asked
            await asyncio.sleep(0.1)


async def test_what_was_handled_and_not_acknowledged_is_handled_once(edge: Edge) -> None:
    await edge.meet()
    await edge.write(1)
    await edge.deliveries()
    rows = await edge.world.rows(edge.mediator, "SELECT * FROM message_queue ORDER BY id")
    await pick_up(edge.edge, edge.mediation)
    async with edge.mediator.unit() as unit:
        columns = "tenant_id, id, mediation_id, recipient_index, envelope, expires_at"
        for row in rows:
            values = [row[name] for name in columns.split(", ")]
            insert = f"INSERT INTO agent.message_queue ({columns}) VALUES ($1, $2, $3, $4, $5, $6)"
            await unit.connection.execute(insert, *values)
        await unit.commit()
    assert await pick_up(edge.edge, edge.mediation) == 2
    assert (await edge.held(), await edge.said()) == (0, 1)


async def test_an_invitation_through_somebody_who_does_not_route_is_not_made(edge: Edge) -> None:
    with pytest.raises(NoConnection):
        await create_invitation(edge.writer, CreateInvitation(mediator=edge.line))


async def test_an_endpoint_that_fails_rests(edge: Edge) -> None:
    await edge.meet()
    await edge.write(1)
    rows = await edge.world.rows(edge.writer, "SELECT id FROM messages WHERE state = 'queued'")
    breaker, now = Breaker(), edge.writer.now()
    deaf = replace(edge.writer, plugins={**edge.writer.plugins, "transports": {"http": Deaf()}})
    for _ in range(2):
        with pytest.raises(FetchFailed):
            await deliver_message(deaf, rows[0]["id"], breaker)
    with pytest.raises((FetchFailed, Resting)):
        await deliver_message(deaf, rows[0]["id"], breaker)
    with pytest.raises(Resting) as resting:
        await deliver_message(deaf, rows[0]["id"], breaker)
    assert 0 < resting.value.seconds <= 2
    assert breaker.rest("https://elsewhere.example/didcomm", now) == 0


def test_what_fails_at_once_is_one_failure() -> None:
    breaker, now, uri = Breaker(), datetime(2026, 1, 1, tzinfo=UTC), "https://a.example/didcomm"
    for _ in range(16):
        breaker.failed(uri, now)
    assert breaker.rest(uri, now) == 2
    later = now + timedelta(seconds=2)
    assert breaker.rest(uri, later) == 0
    for _ in range(16):
        breaker.failed(uri, later)
    assert breaker.rest(uri, later) == 4
    breaker.worked(uri)
    assert breaker.rest(uri, later) == 0


class Deaf:
    """A transport whose peer never answers."""

    schemes = frozenset({"http", "https", "ws", "wss"})

    async def send(self, endpoint: str, message: bytes, media_type: str) -> bytes | None:
        raise FetchFailed("TimeoutError")
