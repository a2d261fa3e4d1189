"""Relationships: invitations, a DID for each, rotation, and who is heard no more."""

import asyncio
import dataclasses
import secrets
from typing import Any

import pytest

from agent.operations.messaging.accept_invitation import AcceptInvitation, accept_invitation
from agent.operations.messaging.begin_protocol import BeginProtocol, NoConnection, begin_protocol
from agent.operations.messaging.create_invitation import CreatedInvitation, CreateInvitation, create_invitation
from agent.operations.messaging.identity import identity_for
from agent.operations.messaging.serve_invitation import NoInvitation, serve_invitation
from agent.scope import Conflict, Scope
from agent.scope.connections import Connection
from agent.workers.deliveries import Deliveries
from protocols.did import peer
from protocols.didcomm.catalog.out_of_band import InvalidInvitation
from tests.agent.messaging.world import World


@pytest.fixture
async def pair(world: World) -> tuple[Scope, Scope]:
    return await world.tenant(f"a{secrets.token_hex(6)}"), await world.tenant(f"b{secrets.token_hex(6)}")


async def connections(scope: Scope) -> list[Connection]:
    async with scope.unit() as unit:
        return await unit.connections.listing(None, 100)


async def deliver(world: World) -> None:
    await Deliveries(world.maint, world.scope_of)()


async def connected(world: World, alice: Scope, bob: Scope, **how: Any) -> CreatedInvitation:
    invitation = await create_invitation(alice, CreateInvitation(**how))
    await accept_invitation(bob, AcceptInvitation(invitation.url))
    await deliver(world)
    return invitation


@pytest.mark.parametrize("short", [False, True], ids=["_oob", "_oobid"])
async def test_an_invitation_makes_a_connection_with_dids_of_its_own(
    world: World, pair: tuple[Scope, Scope], short: bool
) -> None:
    alice, bob = pair
    made = await create_invitation(alice, CreateInvitation(goal_code="connect", label="Alice"))
    accepted = await accept_invitation(bob, AcceptInvitation(made.short_url if short else made.url))
    await deliver(world)
    ours, theirs = (await connections(alice))[0], (await connections(bob))[0]
    assert (ours.id, ours.state, ours.version) == (made.connection, "completed", 2)
    assert (theirs.id, theirs.state, theirs.label) == (accepted, "completed", "Alice")
    assert ours.their_did == (await identity_for(bob, theirs.own_did)).did
    assert theirs.their_did == (await identity_for(alice, ours.own_did)).did == made.invitation["from"]
    threads = await world.rows(bob, "SELECT role, state, connection_id FROM threads")
    assert [tuple(row) for row in threads] == [("sender", "completed", accepted)]
    # and the other way round, on the same connection
    await begin_protocol(alice, BeginProtocol(ours.id, "trust-ping"))
    await deliver(world)
    states = await world.rows(alice, "SELECT role, state FROM threads ORDER BY role")
    assert [tuple(row) for row in states] == [("receiver", "completed"), ("sender", "completed")]


async def test_an_invitation_is_taken_once(world: World, pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    carol = await world.tenant(f"c{secrets.token_hex(6)}")
    made = await create_invitation(alice, CreateInvitation())
    await asyncio.gather(*(accept_invitation(one, AcceptInvitation(made.url)) for one in (bob, carol)))
    await deliver(world)
    assert [one.state for one in await connections(alice)] == ["completed"]
    states = [[tuple(row) for row in await world.rows(scope, "SELECT state FROM threads")] for scope in (bob, carol)]
    assert sorted(states) == [[("completed",)], [("pinged",)]]
    with pytest.raises(NoInvitation):
        await serve_invitation(alice, made.invitation["id"])


async def test_an_invitation_for_many_makes_a_connection_for_each(world: World, pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    carol = await world.tenant(f"c{secrets.token_hex(6)}")
    made = await create_invitation(alice, CreateInvitation(multi_use=True, policy={"auto_accept": True}))
    await asyncio.gather(*(accept_invitation(one, AcceptInvitation(made.url)) for one in (bob, carol)))
    await deliver(world)
    found = await connections(alice)
    assert sorted(one.state for one in found) == ["completed", "completed", "invited"]
    assert all(one.policy == {"auto_accept": True} for one in found)
    assert len({one.their_did for one in found}) == 3


async def test_an_invitation_that_is_over_makes_no_connection(world: World, pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    made = await create_invitation(alice, CreateInvitation(seconds=0))
    with pytest.raises(NoInvitation):
        await serve_invitation(alice, made.invitation["id"])
    await accept_invitation(bob, AcceptInvitation(made.url))
    await deliver(world)
    assert [one.state for one in await connections(alice)] == ["invited"]
    assert await world.rows(alice, "SELECT id FROM messages") == []


async def test_an_invitation_is_accepted_once_and_by_its_goal(pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    made = await create_invitation(alice, CreateInvitation(goal_code="sell"))
    with pytest.raises(InvalidInvitation):
        await accept_invitation(bob, AcceptInvitation(made.url, goal_codes=("connect",)))
    assert await connections(bob) == []
    await accept_invitation(bob, AcceptInvitation(made.url, goal_codes=("sell",)))
    with pytest.raises(Conflict):
        await accept_invitation(bob, AcceptInvitation(made.url))


@pytest.mark.parametrize("url", ["https://a.example", "https://a.example?_oob=e30", "https://a.example?_oob=%%%", "x"])
async def test_what_is_no_invitation_is_refused(pair: tuple[Scope, Scope], url: str) -> None:
    with pytest.raises(InvalidInvitation):
        await accept_invitation(pair[1], AcceptInvitation(url))


async def test_a_stranger_is_not_heard_at_a_did_made_for_others(world: World, pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    made = await connected(world, alice, bob)
    carol = await world.tenant(f"c{secrets.token_hex(6)}")
    before = await world.rows(alice, "SELECT id FROM messages")
    await begin_protocol(carol, BeginProtocol(made.invitation["from"], "trust-ping"))
    await deliver(world)
    assert await world.rows(alice, "SELECT id FROM messages") == before


async def test_a_connection_is_found_by_the_short_form_too(world: World, pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    await connected(world, alice, bob)
    ours = (await connections(alice))[0]
    async with alice.unit() as unit:
        for did in (ours.their_did, peer.short_form(ours.their_did)):
            found = await unit.connections.between(ours.own_did, did)
            assert found is not None
            assert found.id == ours.id
        long = (await identity_for(alice, ours.own_did)).did
        assert (await unit.connections.own_did(peer.short_form(long))).did == long


async def test_an_ended_connection_is_used_no_more(world: World, pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    await connected(world, alice, bob)
    ours, theirs = (await connections(alice))[0], (await connections(bob))[0]
    async with alice.unit() as unit:
        await unit.connections.settle(dataclasses.replace(ours, state="abandoned"))
        await unit.commit()
    with pytest.raises(NoConnection):
        await begin_protocol(alice, BeginProtocol(ours.id, "trust-ping"))
    before = await world.rows(alice, "SELECT id FROM messages")
    await begin_protocol(bob, BeginProtocol(theirs.id, "trust-ping"))
    await deliver(world)
    assert await world.rows(alice, "SELECT id FROM messages") == before


async def test_a_changed_connection_is_changed_once(world: World, pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    await connected(world, alice, bob)
    ours = (await connections(alice))[0]
    async with alice.unit() as unit:
        await unit.connections.settle(dataclasses.replace(ours, label="B"))
        with pytest.raises(Conflict):
            await unit.connections.settle(dataclasses.replace(ours, label="C"))
        await unit.commit()
    assert (await connections(alice))[0].label == "B"


async def test_names_and_dids_lie_sealed(world: World, pair: tuple[Scope, Scope]) -> None:
    alice, bob = pair
    made = await connected(world, alice, bob, label="canary-label", goal="canary-goal")
    for scope in pair:
        for table in ("connections", "own_dids", "own_did_names", "connection_names"):
            for row in await world.rows(scope, f"SELECT {table}::text AS whole FROM {table}"):
                assert b"canary".hex() not in row["whole"]
                assert made.invitation["from"].encode().hex() not in row["whole"]
