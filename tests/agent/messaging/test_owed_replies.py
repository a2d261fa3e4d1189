"""A reply on the sender's own connection is owed until it went: whoever says the same again gets it, once handled."""

import asyncio
import dataclasses
import json
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from agent.operations.messaging.create_invitation import CreateInvitation, create_invitation
from agent.operations.messaging.receive_message import receive_message
from agent.operations.messaging.rotate_did import rotate_did
from agent.scope import Scope
from agent.scope.sessions import Session
from protocols import did as dids
from protocols.did import peer
from protocols.didcomm import envelope
from protocols.didcomm.encrypted import ENCRYPTED, EncryptedMessage
from protocols.didcomm.envelope import Trail
from protocols.didcomm.message import Message
from tests.agent.messaging.edge_1 import Edge
from tests.agent.messaging.peer import Peer
from tests.agent.messaging.test_rotation import Rotating, connections
from tests.agent.messaging.world import World

PING = "https://didcomm.org/trust-ping/2.0/ping"


async def dies(world: World, scope: Scope, octets: bytes, session: Session | None = None) -> None:
    """The message is taken and settled, and the process ends before it has answered."""
    peers = await world.scope_of(scope.tenant.name, scope.principal)
    reply = await receive_message(peers, octets, session or Session(stays=False))
    assert reply is not None


async def stored(world: World, scope: Scope) -> list[tuple[str, str]]:
    rows = await world.rows(scope, "SELECT direction, state FROM messages ORDER BY id")
    return sorted((row["direction"], row["state"]) for row in rows)


async def test_a_lost_reply_is_given_when_the_message_comes_again(world: World, tenant: Scope, stranger: Peer) -> None:
    ping = stranger.message(PING)
    await dies(world, tenant, stranger.pack(ping))
    assert await stored(world, tenant) == [("in", "handled"), ("out", "queued")]
    answers = [await stranger.post(stranger.pack(ping)) for _ in range(2)]
    assert [status for status, _ in answers] == [200, 409]
    reply = stranger.open(answers[0][1])
    assert (reply.name, reply.thid) == ("ping-response", ping.id)
    assert await stored(world, tenant) == [("in", "handled"), ("out", "sent")]
    assert await world.rows(tenant, "SELECT id FROM outbox") == []


async def test_whoever_hangs_up_before_the_answer_gets_it_later(world: World, tenant: Scope, stranger: Peer) -> None:
    packed, url = stranger.pack(stranger.message(PING)), urlsplit(stranger.url)
    _, writer = await asyncio.open_connection(url.hostname, url.port)
    head = f"POST {url.path} HTTP/1.1\r\nHost: x\r\nContent-Type: {ENCRYPTED}\r\nContent-Length: {len(packed)}\r\n\r\n"
    writer.write(head.encode() + packed)
    await writer.drain()
    writer.transport.abort()
    async with asyncio.timeout(5):
        while await stored(world, tenant) != [("in", "handled"), ("out", "queued")]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert [(await stranger.post(packed))[0] for _ in range(2)] == [200, 409]


async def test_ten_at_once_are_handled_once_and_hear_one_word(world: World, tenant: Scope, stranger: Peer) -> None:
    packed = stranger.pack(stranger.message(PING))
    await dies(world, tenant, packed)
    answers = await asyncio.gather(*(stranger.post(packed) for _ in range(10)))
    assert {status for status, _ in answers} <= {200, 409}
    assert len({stranger.open(octets).id for status, octets in answers if status == 200}) == 1
    assert await stored(world, tenant) == [("in", "handled"), ("out", "sent")]


async def test_a_repeated_message_that_wanted_no_answer_gets_no_older_one(
    world: World, tenant: Scope, stranger: Peer
) -> None:
    asked = stranger.message(PING)
    await dies(world, tenant, stranger.pack(asked))
    quiet = stranger.message("https://didcomm.org/basicmessage/2.0/message", {"content": "x"}, thid=asked.id)
    assert [(await stranger.post(stranger.pack(quiet)))[0] for _ in range(2)] == [202, 409]
    assert (await stranger.post(stranger.pack(asked)))[0] == 200


async def test_an_owed_reply_follows_both_rotations(world: World, tenant: Scope) -> None:
    made = await create_invitation(tenant, CreateInvitation())
    old = Rotating.invited(made).renew()
    assert (await old.say(PING, pthid=made.invitation["id"])).name == "ping-response"
    ping = old.message(PING)
    await dies(world, tenant, old.pack(ping))
    await rotate_did(tenant, (await connections(tenant))[0].id)
    new = old.renew()
    again = dataclasses.replace(ping, from_=new.did, from_prior=old.word(new.did))
    status, octets = await new.post(new.pack(again))
    assert status == 200
    reply = opened_by(new, octets)
    ours = (await connections(tenant))[0]
    async with tenant.unit() as unit:
        moved = await unit.connections.own_did_by_id(ours.own_did)
    assert (reply.name, reply.thid, reply.from_, reply.to) == ("ping-response", ping.id, moved.did, (new.did,))
    assert reply.from_prior
    assert (await new.post(new.pack(again)))[0] == 409
    handled = await world.rows(tenant, "SELECT id FROM messages WHERE direction = 'in'")
    assert len(handled) == 2


def opened_by(peer_: Peer, octets: bytes) -> Message:
    """What a DID of ours that the peer has not met says; its keys are in its long form."""
    layer = envelope.parse(octets, Trail())
    assert isinstance(layer, EncryptedMessage)
    speaking = Peer.__new__(Peer)
    speaking.__dict__ = {**peer_.__dict__}
    speaking.keys = dids.keys(peer.document(layer.skid.partition("#")[0]), "keyAgreement")
    return speaking.open(octets)


async def test_where_nothing_can_go_back_the_answer_goes_out(world: World, tenant: Scope, stranger: Peer) -> None:
    quiet = dataclasses.replace(stranger.message(PING), headers={})
    await dies(world, tenant, stranger.pack(quiet), Session(returning=True))
    assert [(await stranger.post(stranger.pack(quiet)))[0] for _ in range(2)] == [202, 409]
    queued = await world.rows(tenant, "SELECT payload->>'message' AS message FROM outbox")
    rows = await world.rows(tenant, "SELECT id::text AS id FROM messages WHERE direction = 'out' AND state = 'queued'")
    assert [row["message"] for row in queued] == [row["id"] for row in rows]


async def test_on_a_socket_a_reply_that_went_is_owed_no_more(world: World, tenant: Scope, stranger: Peer) -> None:
    ping = stranger.message(PING)
    await dies(world, tenant, stranger.pack(ping))
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"ws{stranger.url.removeprefix('http')}") as socket,
    ):
        await socket.send_str(stranger.pack(ping).decode())
        frame = await asyncio.wait_for(socket.receive(), 5)
        assert stranger.open(frame.data.encode()).thid == ping.id
        # Answered in order, so what the second one is answered with would come before the third one's answer.
        other = stranger.message(PING)
        for again in (ping, other):
            await socket.send_str(stranger.pack(again).decode())
        frame = await asyncio.wait_for(socket.receive(), 5)
        assert stranger.open(frame.data.encode()).thid == other.id


async def test_version_1_gets_what_is_owed_too(world: World, tenant: Scope) -> None:
    edge = Edge(world)
    await edge.connect(tenant)
    packed = await edge.packed("https://didcomm.org/trust_ping/1.0/ping")
    await dies(world, tenant, packed)
    answers = [await edge.post(packed) for _ in range(2)]
    assert [status for status, _ in answers] == [200, 409]
    reply: Any = json.loads(await edge.open(answers[0][1]))
    assert reply["@type"].endswith("/ping_response")


async def test_what_came_without_a_way_back_is_answered_through_the_outbox(
    world: World, tenant: Scope, stranger: Peer
) -> None:
    """A message that a mediator held, or that came as an answer: its return_route has no connection to hold for."""
    assert await receive_message(tenant, stranger.pack(stranger.message(PING))) is None
    assert len(await world.rows(tenant, "SELECT id FROM outbox")) == 1
    assert await stored(world, tenant) == [("in", "handled"), ("out", "queued")]
