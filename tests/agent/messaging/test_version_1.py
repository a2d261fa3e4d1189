"""Two tenants over DIDComm v1: handshakes, what is said on a connection, and what is refused."""

import dataclasses
import json
import secrets
from typing import Any

import pytest

from agent.operations.messaging.accept_invitation import AcceptInvitation
from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.create_invitation import CreatedInvitation, CreateInvitation
from agent.operations.messaging.envelope_v1 import key_of
from agent.operations.messaging.identity import create_own_did_v1, identity_for, identity_from
from agent.operations.messaging.invite import accept, invite
from agent.operations.messaging.look import show_conversation
from agent.operations.messaging.receive_message import receive_message
from agent.operations.messaging.threads import write
from agent.scope import Conflict, Scope
from agent.scope.connections import Connection
from agent.scope.messaging import Step, Thread
from agent.workers.deliveries import Deliveries
from protocols.didcomm.catalog import out_of_band_1
from protocols.didcomm.catalog.out_of_band import InvalidInvitation
from protocols.didcomm.catalog.out_of_band_1 import CONNECTIONS, DID_EXCHANGE
from protocols.didcomm.ciphers import CannotOpen
from protocols.didcomm.protocol import Outgoing, ThreadState
from protocols.didcomm.v1 import pack
from tests.agent.messaging.world import World, new_id


@pytest.fixture
async def pair(world: World) -> tuple[Scope, Scope]:
    return await world.tenant(f"a{secrets.token_hex(6)}"), await world.tenant(f"b{secrets.token_hex(6)}")


async def connections(scope: Scope) -> list[Connection]:
    async with scope.unit() as unit:
        return await unit.connections.listing(None, 100)


async def deliver(world: World) -> None:
    for _ in range(4):
        await Deliveries(world.maint, world.scope_of)()


async def connected(world: World, alice: Scope, bob: Scope, *protocols: str, **how: Any) -> CreatedInvitation:
    made = await invite(alice, CreateInvitation(label="Alice", **how), 1)
    await accept(bob, AcceptInvitation(_only(made, *protocols) if protocols else made.url))
    await deliver(world)
    return made


def _only(made: CreatedInvitation, *protocols: str) -> str:
    message = {**made.invitation, "handshake_protocols": list(protocols)}
    return out_of_band_1.url(made.url.partition("?")[0], json.dumps(message).encode())


async def threads(world: World, scope: Scope) -> list[tuple[str, str, str]]:
    rows = await world.rows(scope, "SELECT protocol, role, state FROM threads ORDER BY created_at")
    return [(row["protocol"].partition("didcomm.org/")[2], row["role"], row["state"]) for row in rows]


@pytest.mark.parametrize("protocol", [DID_EXCHANGE, CONNECTIONS])
async def test_a_handshake_makes_a_connection_on_both_sides(
    world: World, pair: tuple[Scope, Scope], protocol: str
) -> None:
    alice, bob = pair
    made = await connected(world, alice, bob, protocol)
    (ours,), (theirs,) = await connections(alice), await connections(bob)
    assert (ours.id, ours.state, ours.version, ours.protocol) == (made.connection, "completed", 1, protocol)
    assert (theirs.state, theirs.version, theirs.label) == ("completed", 1, "Alice")
    assert ours.their_did.startswith("did:peer:4" if protocol == DID_EXCHANGE else "did:sov:")
    for scope, connection in ((alice, ours), (bob, theirs)):
        await begin_protocol(scope, BeginProtocol(connection.id, "trust-ping-1"))
        await begin_protocol(scope, BeginProtocol(connection.id, "basicmessage-1", {"content": "Grüezi"}))
    await begin_protocol(bob, BeginProtocol(theirs.id, "discover-features-1", {"query": "*"}))
    queries = {"queries": [{"feature-type": "protocol", "match": "*trust_ping*"}]}
    await begin_protocol(bob, BeginProtocol(theirs.id, "discover-features-2-v1", queries))
    await deliver(world)
    assert {state for name, _, state in await threads(world, alice) if "connections" not in name} == {"completed"}
    assert all(state == "completed" for _, _, state in await threads(world, bob))
    assert {"trust_ping/1.0", "basicmessage/1.0"} <= {name for name, _, _ in await threads(world, alice)}
    assert {role for name, role, _ in await threads(world, bob) if name == "trust_ping/1.0"} == {"sender", "receiver"}


async def test_an_invitation_is_taken_once_unless_it_is_for_many(world: World, pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    third = await world.tenant(f"c{secrets.token_hex(6)}")
    made = await connected(world, alice, bob)
    with pytest.raises(Conflict):
        await accept(bob, AcceptInvitation(made.url))
    await accept(third, AcceptInvitation(made.url))
    await deliver(world)
    assert [one.state for one in await connections(third)] == ["requested"]
    assert len(await connections(alice)) == 1
    many = await invite(alice, CreateInvitation(multi_use=True), 1)
    await accept(bob, AcceptInvitation(many.url))
    await accept(third, AcceptInvitation(many.url))
    await deliver(world)
    assert [one.state for one in await connections(alice)].count("completed") == 3


async def test_who_may_not_be_taken_is_not_answered(world: World, pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    await connected(world, alice, bob, policy={"auto_accept": False})
    assert [one.state for one in await connections(alice)] == ["invited"]
    assert [one.state for one in await connections(bob)] == ["requested"]
    expired = await invite(alice, CreateInvitation(seconds=-1), 1)
    await accept(bob, AcceptInvitation(expired.url))
    await deliver(world)
    assert {one.state for one in await connections(alice)} == {"invited"}


async def test_goal_codes_of_ours_decide_what_is_taken(pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    made = await invite(alice, CreateInvitation(goal_code="issue-vc"), 1)
    with pytest.raises(InvalidInvitation):
        await accept(bob, AcceptInvitation(made.url, goal_codes=("aries.rel.build",)))
    assert await accept(bob, AcceptInvitation(made.url, goal_codes=("issue-vc",)))


async def test_a_leave_is_heard_and_nothing_after_it(world: World, pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    await connected(world, alice, bob)
    (theirs,) = await connections(bob)
    await begin_protocol(bob, BeginProtocol(theirs.id, "did-rotate", {"hangup": True}))
    await deliver(world)
    assert [one.state for one in await connections(alice)] == ["abandoned"]


async def test_an_unknown_protocol_is_answered_by_a_report_and_a_report_by_nothing(
    world: World, pair: tuple[Scope, Scope]
) -> None:
    alice, bob = pair
    await connected(world, alice, bob)
    (theirs,) = await connections(bob)
    await begin_protocol(bob, BeginProtocol(theirs.id, "report-problem-1", {"code": "request_not_accepted"}))
    # bob says that he speaks a protocol that alice does not
    spoken = world.plugins["didcomm_protocols"]
    ping = spoken.pop("trust-ping-1")
    try:
        world.plugins["didcomm_protocols"] = {**spoken, "trust-ping-1": ping}
        await begin_protocol(bob, BeginProtocol(theirs.id, "trust-ping-1"))
        world.plugins["didcomm_protocols"] = spoken
        for scope in (alice, bob):
            object.__setattr__(scope, "plugins", world.plugins)
        await deliver(world)
    finally:
        world.plugins["didcomm_protocols"] = {**spoken, "trust-ping-1": ping}
    assert ("report-problem/1.0", "notifier", "completed") in await threads(world, alice)
    assert [one for one in await threads(world, bob) if one[:2] == ("report-problem/1.0", "notified")]


async def test_nobody_speaks_for_a_connection_but_with_its_key(world: World, pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    made = await connected(world, alice, bob)
    key = out_of_band_1.parse_url(made.url).services[0]
    assert not isinstance(key, str)
    from protocols.did import multikey

    ours = multikey.from_base58(key.recipient_keys[0], "Ed25519")
    ping = b'{"@type":"https://didcomm.org/trust_ping/1.0/ping","@id":"7f3a","response_requested":false}'
    fresh = secrets.token_bytes(pack.FRESH_OCTETS + pack.RECIPIENT_OCTETS)
    with pytest.raises(CannotOpen):
        await receive_message(alice, pack.pack(ping, [pack.Addressee(ours)], fresh))
    handle, jwk = await world.keyring.generate("EdDSA+X25519")
    secret = await world.keyring.agree(handle, multikey.x25519_of(ours))
    with pytest.raises(CannotOpen):
        await receive_message(alice, pack.pack(ping, [pack.Addressee(ours, secret)], fresh, jwk))
    with pytest.raises(CannotOpen):
        await receive_message(bob, pack.pack(ping, [pack.Addressee(ours, secret)], fresh, jwk))


async def test_a_peer_that_rotates_is_heard_with_its_old_key_until_it_speaks_with_the_new(
    world: World, pair: tuple[Scope, Scope]
) -> None:
    alice, bob = pair
    await connected(world, alice, bob)
    (theirs,) = await connections(bob)
    new = await create_own_did_v1(bob)
    fresh = pack.verkey(key_of(identity_from(new)).jwk)
    rotate = Outgoing("https://didcomm.org/did-rotate/1.0/rotate", {"to_did": new.did})
    old = await identity_for(bob, theirs.own_did)
    first = new_id()
    thread = Thread(new_id(), theirs.their_did, str(first), "https://didcomm.org/did-rotate/1.0", connection=theirs.id)
    async with bob.unit() as unit:
        await unit.connections.add_own_did(new, (fresh,))
        written = write(bob, old, thread, rotate, first)
        await unit.conversations.settle(Step(thread, ThreadState("rotating_party", "rotated"), False, None, (written,)))
        await unit.commit()
    await Deliveries(world.maint, world.scope_of)()
    assert (await connections(alice))[0].their_did == new.did
    await begin_protocol(bob, BeginProtocol(theirs.id, "basicmessage-1", {"content": "with the old key"}))
    await deliver(world)
    async with bob.unit() as unit:
        (now,) = await unit.connections.listing(None, 10)
        await unit.connections.settle(dataclasses.replace(now, own_did=new.id))
        await unit.commit()
    await begin_protocol(bob, BeginProtocol(theirs.id, "basicmessage-1", {"content": "with the new key"}))
    await deliver(world)
    # the old key is heard no more
    late = new_id()
    apart = Thread(new_id(), theirs.their_did, str(late), "https://didcomm.org/basicmessage/1.0", connection=theirs.id)
    text = Outgoing("https://didcomm.org/basicmessage/1.0/message", {"content": "too late"})
    async with bob.unit() as unit:
        await unit.connections.settle(
            dataclasses.replace((await unit.connections.listing(None, 10))[0], own_did=old.own)
        )
        await unit.conversations.settle(
            Step(apart, ThreadState("sender", "completed"), True, None, (write(bob, old, apart, text, late),))
        )
        await unit.commit()
    await deliver(world)
    (ours,) = await connections(alice)
    said = [one.body["content"] for one in await show_conversation(alice, ours.id) if one.direction == "in"]
    assert said == ["with the old key", "with the new key"]


async def test_an_invitation_of_a_did_that_we_know_makes_no_second_connection(
    world: World, pair: tuple[Scope, Scope]
) -> None:
    alice, bob = pair
    await connected(world, alice, bob)
    (standing,) = await connections(bob)
    again = await invite(alice, CreateInvitation(), 1)
    message = {**again.invitation, "services": [standing.their_did]}
    url = out_of_band_1.url(again.url.partition("?")[0], json.dumps(message).encode())
    assert await accept(bob, AcceptInvitation(url)) == standing.id
    await deliver(world)
    assert len(await connections(bob)) == 1
    assert ("out-of-band/1.1", "receiver", "completed") in await threads(world, bob)
    assert ("out-of-band/1.1", "sender", "completed") in await threads(world, alice)
