"""What is refused over DIDComm v1: replays, strangers, forged handshakes, threads of others."""

import json
import secrets
from typing import Any

import pytest

from agent.scope import Scope
from protocols.did import multikey, peer
from protocols.didcomm.catalog import did_exchange
from protocols.didcomm.message import Message
from protocols.didcomm.protocol import InvalidBody
from protocols.didcomm.v1 import attachments, pack
from tests.agent.messaging.edge_1 import Edge
from tests.agent.messaging.world import World

PING = "https://didcomm.org/trust_ping/1.0/ping"


@pytest.fixture
async def ours(world: World) -> Scope:
    return await world.tenant(f"t{secrets.token_hex(6)}")


@pytest.fixture
async def edge(world: World, ours: Scope) -> Edge:
    agent = Edge(world)
    await agent.connect(ours)
    return agent


async def states(world: World, scope: Scope, table: str) -> list[str]:
    return [row["state"] for row in await world.rows(scope, f"SELECT state FROM {table} ORDER BY created_at")]


async def test_a_message_is_taken_once(edge: Edge) -> None:
    packed = await edge.packed(PING)
    assert [(await edge.post(packed))[0] for _ in range(2)] == [200, 409]


async def test_a_message_is_taken_in_its_time(edge: Edge) -> None:
    for expired in ("2020-01-01T00:00:00Z", "2020-01-01 00:00:00", 1_577_836_800):
        assert (await edge.post(await edge.packed(PING, **{"~timing": {"expires_time": expired}})))[0] == 400
    assert (await edge.ask(PING, **{"~timing": {"expires_time": "2999-01-01T00:00:00Z"}}))["@type"].endswith("response")


async def test_every_refusal_before_authentication_is_the_same(world: World, ours: Scope, edge: Edge) -> None:
    stranger = Edge(world)
    await stranger.connect(await world.tenant(f"o{secrets.token_hex(6)}"))
    stranger.endpoint, stranger.mediator = edge.endpoint, edge.mediator
    told = {await edge.post(octets) for octets in (await _broken(edge), await stranger.packed(PING))}
    stranger.mediator = stranger.verkey
    told.add(await edge.post(await stranger.packed(PING)))
    assert len(told) == 1
    assert next(iter(told))[0] == 400


async def _broken(edge: Edge) -> bytes:
    found = json.loads(await edge.packed(PING))
    found["tag"] = "A" * 22 + "=="
    return json.dumps(found).encode()


async def test_nobody_completes_anothers_exchange(world: World, ours: Scope) -> None:
    waiting, thief = Edge(world), Edge(world)
    await waiting.connect(ours, completes=False)
    await thief.connect(ours)
    refused = await thief.ask("https://didcomm.org/didexchange/1.1/complete", **{"~thread": {"thid": waiting.thread}})
    assert refused["@type"].endswith("/problem-report")
    assert (await states(world, ours, "connections")).count("responded") == 1


async def test_a_request_comes_with_a_key_of_its_document(world: World, ours: Scope) -> None:
    from agent.operations.messaging.create_invitation import CreateInvitation
    from agent.operations.messaging.invite import invite

    edge = Edge(world)
    await edge.connect(ours)
    made = await invite(ours, CreateInvitation(), 1)
    _, other = await world.keyring.generate("EdDSA+X25519")
    document = {
        "verificationMethod": [{"id": "#1", "type": "Multikey", "publicKeyMultibase": multikey.encode(other)}],
        "authentication": ["#1"],
        "service": [
            {"id": "#2", "type": "did-communication", "recipientKeys": ["#1"], "serviceEndpoint": "https://example.com"}
        ],
    }
    edge.mediator = pack.verkey(multikey.decode(made.invitation["services"][0]["recipientKeys"][0][8:]))
    request = {"did": peer.long_form(document), "~thread": {"pthid": made.invitation["@id"]}}
    forged = await edge.packed("https://didcomm.org/didexchange/1.1/request", **request)
    assert (await edge.post(forged))[0] == 400
    assert (await states(world, ours, "connections"))[-1] == "invited"


async def test_the_key_of_the_invitation_vouches_for_the_did_of_a_response(world: World) -> None:
    """Which key signs was unclear between deployed agents; another one's word counts for nothing."""
    keys = world.keyring
    handle, jwk = await keys.generate("EdDSA+X25519")
    _, other = await keys.generate("EdDSA+X25519")
    prepared = attachments.prepare(b"did:example:new", jwk)
    signed = attachments.seal(prepared, await keys.sign(handle, prepared.signing_input))

    def response(**body: Any) -> Message:
        return Message("1", "https://didcomm.org/didexchange/1.1/response", body)

    good = {"did": "did:example:new", "did_rotate~attach": signed}
    did_exchange.vouched(response(**good), (pack.verkey(jwk),))
    padded = {**signed, "data": {**signed["data"], "base64": signed["data"]["base64"] + "="}}
    did_exchange.vouched(response(**{**good, "did_rotate~attach": padded}), (pack.verkey(jwk),))
    with pytest.raises(attachments.InvalidSignature):
        did_exchange.vouched(response(**good), (pack.verkey(other),))
    with pytest.raises(InvalidBody):
        did_exchange.vouched(response(**{**good, "did": "did:example:another"}), (pack.verkey(jwk),))
    with pytest.raises(InvalidBody):
        did_exchange.vouched(response(did="did:example:new"), (pack.verkey(jwk),))


async def test_problem_reports_are_not_answered(edge: Edge) -> None:
    report = {"description": {"code": "whatever", "en": "no"}}
    assert await edge.ask("https://didcomm.org/report-problem/1.0/problem-report", **report) is None
    status, _ = await edge.post(await edge.packed("https://didcomm.org/nobody/1.0/problem-report", **report))
    assert status == 400


async def test_the_old_prefix_is_read_and_the_new_one_written(edge: Edge) -> None:
    answer = await edge.ask("did:sov:BzCbsNYhMrjHiqZDTUASHg;spec/trust_ping/1.0/ping")
    assert answer["@type"] == "https://didcomm.org/trust_ping/1.0/ping_response"
