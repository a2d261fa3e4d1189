"""Our own rotation and leave over DIDComm v1 (RFC 0794): announced, acknowledged, refused, lost."""

import secrets

import pytest

from agent.operations.messaging.accept_invitation import AcceptInvitation
from agent.operations.messaging.begin_protocol import BeginProtocol, NoConnection, begin_protocol
from agent.operations.messaging.identity import identity_for
from agent.operations.messaging.invite import accept
from agent.operations.messaging.look import show_conversation
from agent.operations.messaging.rotate_did import end_connection, rotate_did
from agent.operations.messaging.threads import write
from agent.scope import Scope
from agent.scope.messaging import Step, Thread
from protocols.didcomm.catalog import did_rotate
from protocols.didcomm.protocol import Outgoing, ThreadState
from tests.agent.messaging.test_version_1 import connected, connections, deliver, threads
from tests.agent.messaging.test_version_1 import pair as pair
from tests.agent.messaging.world import World, new_id


async def say(scope: Scope, text: str) -> None:
    (contact,) = [one for one in await connections(scope) if one.their_did]
    await begin_protocol(scope, BeginProtocol(contact.id, "basicmessage-1", {"content": text}))


async def heard(scope: Scope) -> list[str]:
    (contact,) = [one for one in await connections(scope) if one.their_did]
    return [one.body["content"] for one in await show_conversation(scope, contact.id) if one.direction == "in"]


async def test_our_did_is_announced_and_used_once_it_is_acknowledged(world: World, pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    await connected(world, alice, bob)
    (before,) = await connections(alice)
    await rotate_did(alice, before.id)
    assert (await connections(alice))[0].own_did == before.own_did
    # Who does not know yet is heard, and told in the old way.
    await say(bob, "to the old one")
    await deliver(world)
    (now,) = await connections(alice)
    assert now.own_did != before.own_did
    assert ("did-rotate/1.0", "rotating_party", "completed") in await threads(world, alice)
    await say(alice, "from the new one")
    await say(bob, "to the new one")
    await deliver(world)
    assert await heard(alice) == ["to the old one", "to the new one"]
    assert await heard(bob) == ["from the new one"]
    async with alice.unit() as unit:
        assert (await unit.connections.own_did_by_id(before.own_did)).retired
    assert not {"rotating", "prior_own"} & (await connections(alice))[0].data.keys()


async def test_a_peer_that_uses_the_did_has_acknowledged_it(world: World, pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    await connected(world, alice, bob)
    (before,) = await connections(alice)
    await rotate_did(alice, before.id)
    (pending,) = await connections(alice)
    # A report of something else ends nothing, and the announcement is lost.
    from_bob = (await connections(bob))[0].id
    await begin_protocol(bob, BeginProtocol(from_bob, "report-problem-1", {"code": "request_not_accepted"}))
    await world.maint.execute("UPDATE outbox SET available_at = 'infinity' WHERE tenant_id = $1", alice.tenant.id)
    await deliver(world)
    assert (await connections(alice))[0].data["rotating"] == pending.data["rotating"]
    # Announced again, it is the same DID in a thread of its own.
    await rotate_did(alice, before.id)
    (again,) = await connections(alice)
    assert again.data["rotating"]["own"] == pending.data["rotating"]["own"]
    assert again.data["rotating"]["thid"] != pending.data["rotating"]["thid"]
    await deliver(world)
    await say(bob, "hello")
    await deliver(world)
    (now,) = await connections(alice)
    assert (str(now.own_did), await heard(alice)) == (pending.data["rotating"]["own"], ["hello"])


async def test_h8_many_at_one_did_are_heard_when_one_of_them_is_left(world: World, pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    third = await world.tenant(f"c{secrets.token_hex(6)}")
    made = await connected(world, alice, bob, multi_use=True)
    await accept(third, AcceptInvitation(made.url))
    await deliver(world)
    for row in [one.id for one in await connections(alice) if one.their_did][:1]:
        await rotate_did(alice, row)
        await deliver(world)
    for scope in (bob, third, bob, third):
        await say(scope, "still here")
        await deliver(world)
    told = [
        len([one for one in await show_conversation(alice, row.id) if one.direction == "in"])
        for row in await connections(alice)
        if row.their_did
    ]
    assert told == [2, 2]


async def test_a_did_that_the_peer_cannot_use_is_dropped(world: World, pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    await connected(world, alice, bob)
    (before,), (theirs,) = await connections(alice), await connections(bob)
    await rotate_did(alice, before.id)
    await world.maint.execute("UPDATE outbox SET available_at = 'infinity' WHERE tenant_id = $1", alice.tenant.id)
    thid = (await connections(alice))[0].data["rotating"]["thid"]
    for pthid, dropped in ((str(new_id()), False), (thid, True)):
        first = new_id()
        thread = Thread(
            new_id(), theirs.their_did, str(first), did_rotate.IDENTIFIER, pthid=pthid, connection=theirs.id
        )
        report = Outgoing(did_rotate.REPORT, {"description": {"code": "e.did.unresolvable", "en": "Unknown"}})
        written = write(bob, await identity_for(bob, theirs.own_did), thread, report, first)
        async with bob.unit() as unit:
            await unit.conversations.settle(Step(thread, ThreadState("observing_party", "x"), True, None, (written,)))
            await unit.commit()
        await deliver(world)
        (now,) = await connections(alice)
        assert (("rotating" in now.data), now.own_did) == (not dropped, before.own_did)


async def test_a_relationship_of_version_1_ends_for_both(world: World, pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    await connected(world, alice, bob)
    (ours,), (theirs,) = await connections(alice), await connections(bob)
    await end_connection(alice, ours.id)
    await deliver(world)
    assert [one.state for one in (*await connections(alice), *await connections(bob))] == ["abandoned", "abandoned"]
    for scope, row in ((alice, ours), (bob, theirs)):
        with pytest.raises(NoConnection):
            await rotate_did(scope, row.id)
