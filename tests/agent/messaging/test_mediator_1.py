"""A mediator for agents of version 1, seen by an agent that a test plays key by key."""

import asyncio
import json
import secrets

import aiohttp
import pytest

from protocols.did import multikey
from protocols.didcomm.v1 import pack, services
from tests.agent.messaging.edge_1 import Edge
from tests.agent.messaging.world import World

MEDIATION, PICKUP = "https://didcomm.org/coordinate-mediation/1.0", "https://didcomm.org/messagepickup/2.0"


async def forwarded(edge: Edge, routing_key: str, recipient: str, text: bytes) -> int:
    """A stranger sends the edge agent something through the mediator; the status."""
    inner = pack.pack(text, [pack.Addressee(edge.jwk)], secrets.token_bytes(pack.FRESH_OCTETS + pack.RECIPIENT_OCTETS))
    forward = {
        "@type": "https://didcomm.org/routing/1.0/forward",
        "@id": secrets.token_hex(8),
        "to": recipient,
        "msg": json.loads(inner),
    }
    key = multikey.from_base58(services.key_of(routing_key), "Ed25519")
    fresh = secrets.token_bytes(pack.FRESH_OCTETS + pack.RECIPIENT_OCTETS)
    outer = pack.pack(json.dumps(forward).encode(), [pack.Addressee(key)], fresh)
    headers = {"Content-Type": pack.OLD_MEDIA_TYPE}
    async with (
        aiohttp.ClientSession() as session,
        session.post(edge.endpoint, data=outer, headers=headers) as answer,
    ):
        return answer.status


@pytest.fixture
async def edge(world: World) -> Edge:
    return Edge(world)


async def test_what_is_forwarded_waits_until_it_was_received(world: World, edge: Edge) -> None:
    await edge.connect(await world.tenant(f"m{secrets.token_hex(6)}"), mediate=True)
    grant = await edge.ask(f"{MEDIATION}/mediate-request")
    assert grant["@type"] == f"{MEDIATION}/mediate-grant"
    assert grant["endpoint"] == edge.endpoint
    (routing_key,) = grant["routing_keys"]
    assert await forwarded(edge, routing_key, edge.verkey, b"too early") >= 400
    update = {"updates": [{"recipient_key": edge.verkey, "action": "add"}]}
    (updated,) = (await edge.ask(f"{MEDIATION}/keylist-update", **update))["updated"]
    assert updated == {"recipient_key": edge.verkey, "action": "add", "result": "success"}
    did_key = services.did_key(edge.verkey)
    again = {"updates": [{"recipient_key": did_key, "action": "add"}]}
    assert (await edge.ask(f"{MEDIATION}/keylist-update", **again))["updated"][0]["result"] == "no_change"
    assert (await edge.ask(f"{MEDIATION}/keylist-query"))["keys"] == [{"recipient_key": did_key}]
    for text in (b"one", b"two"):
        assert await forwarded(edge, routing_key, edge.verkey, text) == 202
    status = await edge.ask(f"{PICKUP}/status-request", recipient_key=did_key)
    assert (status["@type"], status["message_count"]) == (f"{PICKUP}/status", 2)
    for _ in range(2):  # delivered again, until it is said that they came
        delivery = await edge.ask(f"{PICKUP}/delivery-request", limit=10)
        held = [pack._b64(one["data"]["base64"]) for one in delivery["~attach"]]
        assert [await edge.open(one) for one in held] == [b"one", b"two"]
    ids = [one["@id"] for one in delivery["~attach"]]
    assert (await edge.ask(f"{PICKUP}/messages-received", message_id_list=ids))["message_count"] == 0
    assert (await edge.ask(f"{PICKUP}/delivery-request", limit=10))["@type"] == f"{PICKUP}/status"


async def test_whom_the_policy_does_not_name_is_denied_and_has_no_queue(world: World, edge: Edge) -> None:
    await edge.connect(await world.tenant(f"m{secrets.token_hex(6)}"))
    assert (await edge.ask(f"{MEDIATION}/mediate-request"))["@type"] == f"{MEDIATION}/mediate-deny"
    update = {"updates": [{"recipient_key": edge.verkey, "action": "add"}]}
    refused = await edge.ask(f"{MEDIATION}/keylist-update", **update)
    assert refused["@type"].endswith("/problem-report")
    assert (await edge.ask(f"{PICKUP}/status-request"))["@type"].endswith("/problem-report")


async def test_nobody_takes_anothers_key_or_queue(world: World, edge: Edge) -> None:
    scope = await world.tenant(f"m{secrets.token_hex(6)}")
    thief = Edge(world)
    for one in (edge, thief):
        await one.connect(scope, mediate=True)
        await one.ask(f"{MEDIATION}/mediate-request")
    update = {"updates": [{"recipient_key": edge.verkey, "action": "add"}]}
    assert (await edge.ask(f"{MEDIATION}/keylist-update", **update))["updated"][0]["result"] == "success"
    assert (await thief.ask(f"{MEDIATION}/keylist-update", **update))["updated"][0]["result"] != "success"
    assert await forwarded(edge, services.did_key(edge.mediator), edge.verkey, b"for the edge") == 202
    taken = await thief.ask(f"{PICKUP}/delivery-request", limit=10, recipient_key=edge.verkey)
    assert taken["@type"] == f"{PICKUP}/status"
    assert taken["message_count"] == 0


async def test_what_is_said_beside_the_last_word_of_a_handshake_is_heard(world: World) -> None:
    """A peer asks for mediation while its own `complete` is on its way: both bring the connection on."""
    tenant = await world.tenant(f"m{secrets.token_hex(6)}")
    for _ in range(3):
        edge = Edge(world)
        await edge.connect(tenant, completes=False, mediate=True)
        thread = {"~thread": {"thid": edge.thread}}
        await asyncio.gather(
            edge.ask("https://didcomm.org/didexchange/1.1/complete", **thread),
            *(edge.ask("https://didcomm.org/trust_ping/1.0/ping", response_requested=True) for _ in range(3)),
            edge.ask(f"{MEDIATION}/mediate-request"),
        )
