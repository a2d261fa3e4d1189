"""Abuse of DIDComm, H1 to H12: each number has a test here, and a test of the house counts them."""

import asyncio
import dataclasses
import json
import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import x25519

from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.create_invitation import CreateInvitation, create_invitation
from agent.operations.messaging.deliver_message import deliver_message
from agent.operations.messaging.identity import identity_of
from agent.scope import Scope
from agent.scope.messaging import Undeliverable
from protocols.did import DidDocument, multikey, peer
from protocols.didcomm import routing
from protocols.encoding import b64url, parse_b64url
from protocols.jose import jwk as jwks
from tests.agent.messaging.peer import Peer
from tests.agent.messaging.world import World

PING = "https://didcomm.org/trust-ping/2.0/ping"
REPORT = "https://didcomm.org/report-problem/2.0/problem-report"
PICKUP = "https://didcomm.org/messagepickup/3.0"
MEDIATION = "https://didcomm.org/coordinate-mediation/3.0"


async def refusal(peer_: Peer, octets: bytes) -> tuple[int, Any]:
    status, body = await peer_.post(octets)
    return status, json.loads(body) if body else None


async def messages(world: World, tenant: Scope) -> int:
    return len(await world.rows(tenant, "SELECT id FROM messages"))


async def test_h1_a_sender_that_the_keys_do_not_name_is_refused(world: World, tenant: Scope, stranger: Peer) -> None:
    lie = dataclasses.replace(stranger.message(PING), from_="did:example:somebody")
    assert (await refusal(stranger, stranger.pack(lie)))[0] == 400
    # Encrypted by nobody, whatever `from` says.
    assert (await refusal(stranger, stranger.pack(stranger.message(PING), anonymous=True)))[0] == 400
    assert await messages(world, tenant) == 0


async def test_h2_a_message_for_somebody_else_is_refused(world: World, tenant: Scope, stranger: Peer) -> None:
    other = await world.tenant(f"o{secrets.token_hex(6)}")
    for to in ((await identity_of(other)).did, "did:example:other"):
        passed_on = dataclasses.replace(stranger.message(PING), to=(to,))
        assert (await refusal(stranger, stranger.pack(passed_on)))[0] == 400
    # Encrypted for one tenant and posted to another.
    elsewhere = Peer.__new__(Peer)
    elsewhere.__dict__ = {**stranger.__dict__, "url": f"{other.tenant.base_url}/didcomm"}
    assert (await refusal(elsewhere, stranger.pack(stranger.message(PING))))[0] == 400
    assert await messages(world, tenant) == await messages(world, other) == 0


async def test_h3_a_message_is_taken_once_and_in_its_time(world: World, tenant: Scope, stranger: Peer) -> None:
    packed = stranger.pack(stranger.message(PING))
    assert [status for status, _ in [await stranger.post(packed) for _ in range(2)]] == [200, 409]
    same_id = dataclasses.replace(stranger.message(PING), id="one")
    assert [(await stranger.post(stranger.pack(same_id)))[0] for _ in range(2)] == [200, 409]
    for times in ({"expires_time": 1}, {"created_time": 253_402_300_799}):
        status, told = await refusal(stranger, stranger.pack(dataclasses.replace(stranger.message(PING), **times)))
        assert (status, told["error"]) == (400, "e.p.req.time")


def altered(packed: bytes, name: str, change: Any) -> bytes:
    found = json.loads(packed)
    header = json.loads(parse_b64url(found["protected"]))
    header[name] = change(header[name])
    found["protected"] = b64url(json.dumps(header).encode())
    return json.dumps(found).encode()


async def test_h4_an_altered_header_does_not_open(world: World, tenant: Scope, stranger: Peer) -> None:
    packed = stranger.pack(stranger.message(PING))
    other = jwks.from_public_key(x25519.X25519PrivateKey.generate().public_key())
    for name, change in (
        ("apv", lambda _: b64url(b"x" * 32)),
        ("apu", lambda _: b64url(b"did:example:other#1")),
        ("epk", lambda _: other),
        ("epk", lambda _: {**other, "x": b64url(bytes(32))}),
        ("enc", lambda _: "A256GCM"),
        ("enc", lambda _: "XC20P"),
        ("alg", lambda _: "ECDH-ES+A256KW"),
        ("alg", lambda _: "none"),
    ):
        assert (await refusal(stranger, altered(packed, name, change)))[0] == 400, name
    many = json.loads(packed)
    entry = many["recipients"][0]
    many["recipients"] = [entry, *({**entry, "header": {"kid": f"did:example:{n}#1"}} for n in range(64))]
    assert (await refusal(stranger, json.dumps(many).encode()))[0] == 400
    assert await messages(world, tenant) == 0


async def test_h5_forwards_lead_nowhere_else(world: World, tenant: Scope, stranger: Peer) -> None:
    octets = b'{"ciphertext": "eA"}'
    for _ in range(8):
        forward = routing.forward(secrets.token_hex(8), stranger.theirs, stranger.theirs, octets)
        octets = stranger.pack(forward, anonymous=True)
    # To ourselves, however deep, and to nobody who registered: nothing is held, opened further or sent on.
    assert (await refusal(stranger, octets))[0] == 400
    unknown = routing.forward(secrets.token_hex(8), stranger.theirs, "did:example:nobody", b'{"ciphertext": "eA"}')
    assert (await refusal(stranger, stranger.pack(unknown, anonymous=True)))[0] == 400
    for table in ("message_queue", "messages", "outbox"):
        assert await world.rows(tenant, f"SELECT 1 FROM {table}") == []
    assert (await refusal(stranger, b'{"a":' * 2000 + b"1" + b"}" * 2000))[0] == 400


async def test_h5_mediators_that_name_each_other_are_left_alone(world: World, tenant: Scope) -> None:
    multi = multikey.encode(jwks.from_public_key(x25519.X25519PrivateKey.generate().public_key()))
    document = {"verificationMethod": [{"id": "#1", "type": "Multikey", "publicKeyMultibase": multi}]}
    inner = long(document | {"keyAgreement": ["#1"], "service": [service("did:example:mediator")]})
    outer = long(document | {"keyAgreement": ["#1"], "service": [service(inner)]})
    await begin_protocol(tenant, BeginProtocol(outer, "trust-ping"))
    rows = await world.rows(tenant, "SELECT id FROM messages")
    with pytest.raises(Undeliverable):
        await deliver_message(tenant, rows[0]["id"])


def service(uri: str) -> Any:
    return {"id": "#s", "type": "DIDCommMessaging", "serviceEndpoint": {"uri": uri, "accept": ["didcomm/v2"]}}


def long(document: Any) -> str:
    return peer.long_form(document)


async def test_h6_a_thread_is_its_partys_and_keeps_its_order(world: World, tenant: Scope, stranger: Peer) -> None:
    await begin_protocol(tenant, BeginProtocol(stranger.did, "trust-ping"))
    async with tenant.unit() as unit:
        queued = await unit.conversations.outgoing((await unit.connection.fetch("SELECT id FROM agent.messages"))[0][0])
    thid = queued.message.id
    hijacker = Peer.__new__(Peer)
    hijacker.__dict__ = {**stranger.__dict__}
    hijacker.key = x25519.X25519PrivateKey.generate()
    multi = multikey.encode(jwks.from_public_key(hijacker.key.public_key()))
    hijacker.did, hijacker.kid = f"did:key:{multi}", f"did:key:{multi}#{multi}"
    answer = "https://didcomm.org/trust-ping/2.0/ping-response"
    assert (await hijacker.say(answer, thid=thid)).body["code"] == "e.p.msg.out-of-order"
    assert (await stranger.say(PING, thid=thid)).body["code"] == "e.p.msg.out-of-order"
    assert await stranger.say(answer, thid=thid) == 202
    assert (await stranger.say(answer, thid=thid)).body["code"] == "e.p.msg.out-of-order"


async def test_h7_an_invitation_is_taken_once_and_believed_in_nothing(world: World, tenant: Scope) -> None:
    made = await create_invitation(tenant, CreateInvitation(goal="<b>logo</b>"))
    first, *others = (Peer.invited(made) for _ in range(5))
    said = {"pthid": made.invitation["id"]}
    answers = await asyncio.gather(*(one.post(one.pack(one.message(PING, **said))) for one in (first, *others)))
    assert sorted(status for status, _ in answers) == [200, 400, 400, 400, 400]
    over = await create_invitation(tenant, CreateInvitation(seconds=0))
    late = Peer.invited(over)
    assert (await refusal(late, late.pack(late.message(PING, pthid=over.invitation["id"]))))[0] == 400
    # The invitation of another DID does not open this one.
    third = await create_invitation(tenant, CreateInvitation())
    wrong = Peer.invited(third)
    open_ = await create_invitation(tenant, CreateInvitation(multi_use=True))
    assert (await refusal(wrong, wrong.pack(wrong.message(PING, pthid=open_.invitation["id"]))))[0] == 400


async def test_h9_errors_tell_nothing_and_reports_are_not_answered(tenant: Scope, stranger: Peer) -> None:
    packed = json.loads(stranger.pack(stranger.message(PING)))
    told = set()
    for name in ("tag", "ciphertext", "iv"):
        broken = {**packed, name: b64url(bytes(len(parse_b64url(packed[name]))))}
        told.add(json.dumps(await refusal(stranger, json.dumps(broken).encode())))
    key = {**packed, "recipients": [{**packed["recipients"][0], "encrypted_key": b64url(bytes(72))}]}
    told.add(json.dumps(await refusal(stranger, json.dumps(key).encode())))
    lie = dataclasses.replace(stranger.message(PING), from_="did:example:somebody")
    told.add(json.dumps(await refusal(stranger, stranger.pack(lie))))
    assert len(told) == 1
    assert await stranger.say(REPORT, {"code": "e.p.msg"}) == 202
    assert await stranger.say(REPORT, {"code": "w.m.req"}, pthid="whatever") == 202
    assert await stranger.say(REPORT, {"code": 7}) == 400


async def test_h10_attachments_are_not_fetched_and_have_bounds(world: World, tenant: Scope, stranger: Peer) -> None:
    message = "https://didcomm.org/basicmessage/2.0/message"
    links = {"data": {"links": ["http://169.254.169.254/"], "hash": "z"}}
    assert await stranger.say(message, {"content": "x"}, attachments=(links,)) == 202
    for wrong in ({"data": {"links": ["https://a.example/"]}}, {"data": {}}, {"data": {"base64": 7}}, {}):
        packed = stranger.pack(stranger.message(message, {"content": "x"}, attachments=(wrong,)))
        assert (await refusal(stranger, packed))[0] == 400
    flood = ({"data": {"json": {}}},) * 101
    assert (await refusal(stranger, stranger.pack(stranger.message(message, {"content": "x"}, attachments=flood))))[
        0
    ] == 400
    huge = ({"data": {"base64": "A" * 1_000_000}},)
    assert (await stranger.post(stranger.pack(stranger.message(message, {"content": "x"}, attachments=huge))))[0] in (
        400,
        413,
    )


async def test_h11_a_queue_is_its_owners_and_has_an_end(world: World, tenant: Scope) -> None:
    peers = []
    for _ in range(2):
        made = await create_invitation(tenant, CreateInvitation(policy={"mediate": True}))
        one = Peer.invited(made)
        await one.say(f"{MEDIATION}/mediate-request", pthid=made.invitation["id"])
        await one.say(f"{MEDIATION}/recipient-update", {"updates": [{"recipient_did": one.did, "action": "add"}]})
        peers.append(one)
    async with tenant.unit() as unit:
        await unit.connection.execute("UPDATE agent.mediations SET queue_limit = 4")
        await unit.commit()
    identity = await identity_of(tenant)
    sender = Peer(DidDocument(identity.did, identity.document), f"{tenant.tenant.base_url}/didcomm")
    statuses = []
    for _ in range(5):
        forward = routing.forward(secrets.token_hex(8), identity.did, peers[0].did, b'{"ciphertext": "eA"}')
        statuses.append((await sender.post(sender.pack(forward, anonymous=True)))[0])
    assert statuses == [202, 202, 202, 503, 503]
    theirs = await peers[1].say(f"{PICKUP}/delivery-request", {"limit": 10, "recipient_did": peers[0].did})
    assert (theirs.name, theirs.body["message_count"]) == ("status", 0)
    # The flood of one is not the other's.
    forward = routing.forward(secrets.token_hex(8), identity.did, peers[1].did, b'{"ciphertext": "eA"}')
    assert (await sender.post(sender.pack(forward, anonymous=True)))[0] == 202


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:22/", "https://169.254.169.254/", "ws://10.0.0.1/", "file:///etc/passwd"]
)
async def test_h12_an_endpoint_in_our_network_is_not_reached(world: World, tenant: Scope, uri: str) -> None:
    multi = multikey.encode(jwks.from_public_key(x25519.X25519PrivateKey.generate().public_key()))
    did = long(
        {
            "verificationMethod": [{"id": "#1", "type": "Multikey", "publicKeyMultibase": multi}],
            "keyAgreement": ["#1"],
            "service": [service(uri)],
        }
    )
    await begin_protocol(tenant, BeginProtocol(did, "trust-ping"))
    rows = await world.rows(tenant, "SELECT id FROM messages")
    with pytest.raises(Undeliverable):
        await deliver_message(tenant, rows[0]["id"])
