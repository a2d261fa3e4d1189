"""Two tenants over DIDComm v1: handshakes, what is said on a connection, and what is refused."""

import json
import secrets
from typing import Any

import pytest

from agent.operations.messaging.accept_invitation import AcceptInvitation
from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.create_invitation import CreatedInvitation, CreateInvitation
from agent.operations.messaging.invite import accept, invite
from agent.operations.messaging.receive_message import receive_message
from agent.scope import Conflict, Scope
from agent.scope.connections import Connection
from agent.workers.deliveries import Deliveries
from protocols.didcomm.catalog import out_of_band_1
from protocols.didcomm.catalog.out_of_band import InvalidInvitation
from protocols.didcomm.catalog.out_of_band_1 import CONNECTIONS, DID_EXCHANGE
from protocols.didcomm.ciphers import CannotOpen
from protocols.didcomm.v1 import pack
from tests.agent.messaging.world import World


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
