"""DIDs that are followed by others: a peer's, ours, and the end of a relationship."""

import asyncio
import dataclasses
import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519

from agent.operations.messaging.accept_invitation import AcceptInvitation, accept_invitation
from agent.operations.messaging.begin_protocol import BeginProtocol, NoConnection, begin_protocol
from agent.operations.messaging.create_invitation import CreateInvitation, create_invitation
from agent.operations.messaging.identity import identity_for
from agent.operations.messaging.rotate_did import end_connection, rotate_did
from agent.scope import Scope
from agent.scope.connections import Connection
from agent.workers.deliveries import Deliveries
from protocols import did as dids
from protocols.did import multikey, peer
from protocols.didcomm import from_prior
from protocols.jose import jwk as jwks
from tests.agent.messaging.peer import Peer
from tests.agent.messaging.world import World

PING = "https://didcomm.org/trust-ping/2.0/ping"


class Rotating(Peer):
    """A peer with a did:peer:4 that signs, and that it can leave."""

    def renew(self) -> "Rotating":
        new = Rotating.__new__(Rotating)
        new.__dict__ = {**self.__dict__}
        new.key, new.signing = x25519.X25519PrivateKey.generate(), ed25519.Ed25519PrivateKey.generate()
        methods = [
            {
                "id": f"#{name}",
                "type": "Multikey",
                "publicKeyMultibase": multikey.encode(jwks.from_public_key(key.public_key())),
            }
            for name, key in (("agree", new.key), ("sign", new.signing))
        ]
        new.did = peer.long_form(
            {"verificationMethod": methods, "keyAgreement": ["#agree"], "authentication": ["#sign"]}
        )
        new.kid = f"{new.did}#agree"
        return new

    def word(self, sub: str, iss: str = "") -> str:
        prepared = from_prior.prepare(iss or self.did, sub, f"{self.did}#sign", "EdDSA", 1)
        return from_prior.seal(prepared, self.signing.sign(prepared))


@pytest.fixture
async def alice(world: World) -> Scope:
    return await world.tenant(f"a{secrets.token_hex(6)}")


async def met(alice: Scope) -> Rotating:
    made = await create_invitation(alice, CreateInvitation())
    first = Rotating.invited(made).renew()
    assert (await first.say(PING, pthid=made.invitation["id"])).name == "ping-response"
    return first


async def connections(scope: Scope) -> list[Connection]:
    async with scope.unit() as unit:
        return await unit.connections.listing(None, 100)


async def test_h8_a_peer_that_has_moved_is_heard_at_its_new_did_only(world: World, alice: Scope) -> None:
    old = await met(alice)
    new = old.renew()
    assert (await new.say(PING, from_prior=old.word(new.did))).name == "ping-response"
    assert [one.their_did for one in await connections(alice)] == [new.did]
    assert (await new.say(PING)).name == "ping-response"
    # It says so until it has heard from us, and the DID that it left says nothing any more.
    assert (await new.say(PING, from_prior=old.word(new.did))).name == "ping-response"
    assert await old.say(PING) == 400
    assert await old.say(PING, from_prior=new.word(old.did)) == 400


async def test_h8_a_rotation_that_cannot_be_believed_is_refused(world: World, alice: Scope) -> None:
    old = await met(alice)
    new, other = old.renew(), old.renew()
    good = old.word(new.did)
    head, payload, signature = good.split(".")
    for word in (
        other.word(new.did, iss=old.did),
        other.word(new.did),
        old.word(other.did),
        f"{head}.{payload}.AAAA{signature[4:]}",
        f"{head}.{payload}.",
        "e30.e30.AAAA",
    ):
        assert await new.say(PING, from_prior=word) == 400, word
    assert [one.their_did for one in await connections(alice)] == [old.did]
    assert (await old.say(PING)).name == "ping-response"


async def test_a_thread_goes_on_when_the_peer_has_moved(world: World, alice: Scope) -> None:
    old = await met(alice)
    row = (await connections(alice))[0]
    await begin_protocol(alice, BeginProtocol(row.id, "trust-ping"))
    async with alice.unit() as unit:
        number = await unit.connection.fetchval("SELECT id FROM agent.messages WHERE state = 'queued'")
        thid = (await unit.conversations.outgoing(number)).message.id
    new = old.renew()
    answer = "https://didcomm.org/trust-ping/2.0/ping-response"
    assert await new.say(answer, thid=thid, from_prior=old.word(new.did)) == 202
    states = await world.rows(alice, "SELECT state FROM threads WHERE role = 'sender'")
    assert [row["state"] for row in states] == ["completed"]


async def two(world: World, alice: Scope) -> tuple[Scope, Any, Deliveries]:
    bob = await world.tenant(f"b{secrets.token_hex(6)}")
    made = await create_invitation(alice, CreateInvitation())
    await accept_invitation(bob, AcceptInvitation(made.url))
    deliveries = Deliveries(world.maint, world.scope_of)
    await deliveries()
    return bob, made, deliveries


async def test_our_did_is_followed_by_another(world: World, alice: Scope) -> None:
    bob, _, deliveries = await two(world, alice)
    ours, theirs = (await connections(alice))[0], (await connections(bob))[0]
    await rotate_did(alice, ours.id)
    moved = (await connections(alice))[0]
    assert moved.own_did != ours.own_did
    # Bob, who knows nothing yet, is still heard at the old one and answered from the new one.
    await begin_protocol(bob, BeginProtocol(theirs.id, "trust-ping"))
    await deliveries()
    await deliveries()
    theirs = (await connections(bob))[0]
    assert theirs.their_did == (await identity_for(alice, moved.own_did)).did
    assert {row["state"] for row in await world.rows(bob, "SELECT state FROM threads")} == {"completed"}
    assert "from_prior" in (await connections(alice))[0].data
    # His next message goes to the new one: it need not be said again, and the old one is retired.
    await begin_protocol(bob, BeginProtocol(theirs.id, "trust-ping"))
    await deliveries()
    assert "from_prior" not in (await connections(alice))[0].data
    async with alice.unit() as unit:
        assert (await unit.connections.own_did_by_id(ours.own_did)).retired
    await begin_protocol(alice, BeginProtocol(ours.id, "trust-ping"))
    await deliveries()
    assert {row["state"] for row in await world.rows(alice, "SELECT state FROM threads")} == {"completed"}


async def test_both_may_move_at_once(world: World, alice: Scope) -> None:
    old = await met(alice)
    await rotate_did(alice, (await connections(alice))[0].id)
    new = old.renew()
    # Its word is for the DID of ours that it knows.
    assert await new.say(PING, headers={"return_route": "none"}, from_prior=old.word(new.did)) == 202
    (row,) = await connections(alice)
    assert row.their_did == new.did
    assert await old.say(PING) == 400
    gone = dataclasses.replace(new.message("https://didcomm.org/empty/1.0/empty", from_prior=new.word("")), from_="")
    assert (await new.post(new.pack(gone, anonymous=True)))[0] == 202
    assert [one.state for one in await connections(alice)] == ["abandoned"]


async def test_what_waits_goes_to_the_did_that_followed(world: World, alice: Scope) -> None:
    bob, _, deliveries = await two(world, alice)
    ours, theirs = (await connections(alice))[0], (await connections(bob))[0]
    await begin_protocol(alice, BeginProtocol(ours.id, "basicmessage", {"content": "written before"}))
    await world.maint.execute("UPDATE outbox SET available_at = 'infinity' WHERE tenant_id = $1", alice.tenant.id)
    await rotate_did(bob, theirs.id)
    await begin_protocol(bob, BeginProtocol(theirs.id, "trust-ping"))
    await deliveries()
    async with bob.unit() as unit:
        assert (await unit.connections.own_did_by_id(theirs.own_did)).retired
    await world.maint.execute("UPDATE outbox SET available_at = now() WHERE tenant_id = $1", alice.tenant.id)
    await deliveries()
    kept = "SELECT state FROM messages WHERE direction = '{}' AND type LIKE '%basicmessage%'"
    assert [row["state"] for row in await world.rows(alice, kept.format("out"))] == ["sent"]
    assert [row["state"] for row in await world.rows(bob, kept.format("in"))] == ["handled"]


async def test_what_waits_is_said_by_the_did_that_followed(world: World, alice: Scope) -> None:
    bob, _, deliveries = await two(world, alice)
    ours, theirs = (await connections(alice))[0], (await connections(bob))[0]
    await begin_protocol(alice, BeginProtocol(ours.id, "basicmessage", {"content": "written before"}))
    await world.maint.execute("UPDATE outbox SET available_at = 'infinity' WHERE tenant_id = $1", alice.tenant.id)
    await rotate_did(alice, ours.id)
    for contact, scope in ((ours, alice), (theirs, bob)):  # Bob hears of it, and uses it
        await begin_protocol(scope, BeginProtocol(contact.id, "trust-ping"))
        await deliveries()
    async with alice.unit() as unit:
        assert (await unit.connections.own_did_by_id(ours.own_did)).retired
    await world.maint.execute("UPDATE outbox SET available_at = now() WHERE tenant_id = $1", alice.tenant.id)
    await deliveries()
    kept = "SELECT state FROM messages WHERE direction = 'in' AND type LIKE '%basicmessage%'"
    assert [row["state"] for row in await world.rows(bob, kept)] == ["handled"]


async def test_h8_many_at_one_did_are_heard_when_one_of_them_is_left(world: World, alice: Scope) -> None:
    made = await create_invitation(alice, CreateInvitation(multi_use=True))
    first, second = Rotating.invited(made).renew(), Rotating.invited(made).renew()
    for one in (first, second):
        assert (await one.say(PING, pthid=made.invitation["id"])).name == "ping-response"
    row = next(one for one in await connections(alice) if one.their_did == first.did)
    await rotate_did(alice, row.id)
    moved = next(one for one in await connections(alice) if one.their_did == first.did)
    document = peer.document((await identity_for(alice, moved.own_did)).did)
    first.theirs, first.keys = document.id, dids.keys(document, "keyAgreement")
    assert (await first.say(PING)).name == "ping-response"
    assert (await second.say(PING)).name == "ping-response"


async def test_two_rotations_at_once_are_one(world: World, alice: Scope) -> None:
    await two(world, alice)
    row = (await connections(alice))[0]
    done = await asyncio.gather(*(rotate_did(alice, row.id) for _ in range(2)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) in (["Conflict", "NoneType"], ["NoneType", "NoneType"])
    assert (await connections(alice))[0].row_version == row.row_version + sum(one is None for one in done)


async def test_a_relationship_ends_for_both(world: World, alice: Scope) -> None:
    bob, _, deliveries = await two(world, alice)
    ours, theirs = (await connections(alice))[0], (await connections(bob))[0]
    await end_connection(alice, ours.id)
    with pytest.raises(NoConnection):
        await begin_protocol(alice, BeginProtocol(ours.id, "trust-ping"))
    await deliveries()
    assert [one.state for one in await connections(bob)] == ["abandoned"]
    with pytest.raises(NoConnection):
        await begin_protocol(bob, BeginProtocol(theirs.id, "trust-ping"))


async def test_an_end_that_nobody_signed_ends_nothing(world: World, alice: Scope) -> None:
    old = await met(alice)
    other = old.renew()
    for word in (other.word("", iss=old.did), "e30.e30.AAAA"):
        said = dataclasses.replace(old.message("https://didcomm.org/empty/1.0/empty", from_prior=word), from_="")
        assert (await old.post(old.pack(said, anonymous=True)))[0] == 400
    assert [one.state for one in await connections(alice)] == ["completed"]
    said = dataclasses.replace(old.message("https://didcomm.org/empty/1.0/empty", from_prior=old.word("")), from_="")
    assert (await old.post(old.pack(said, anonymous=True)))[0] == 202
    assert [one.state for one in await connections(alice)] == ["abandoned"]
    assert await old.say(PING) == 400
