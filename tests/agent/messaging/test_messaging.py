"""Two tenants, or a stranger and a tenant, talk over real HTTP with a real database and key store."""

import asyncio
import dataclasses
import json
import secrets
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import x25519

from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.identity import identity_of
from agent.scope import Scope
from agent.workers.deliveries import Deliveries
from protocols import did as dids
from protocols.did import multikey
from protocols.didcomm import encrypted, envelope
from protocols.didcomm import message as wire
from protocols.didcomm.encrypted import ENCRYPTED, Addressee
from protocols.didcomm.envelope import Trail
from protocols.didcomm.message import Message
from protocols.errors import ProtocolError
from protocols.jose import jwk as jwks
from tests.agent.messaging.world import World

PING = "https://didcomm.org/trust-ping/2.0/ping"
QUERIES = "https://didcomm.org/discover-features/2.0/queries"


class Stranger:
    """An agent of one X25519 key as did:key, using the codec with keys that it holds itself."""

    def __init__(self) -> None:
        self.key = x25519.X25519PrivateKey.generate()
        multi = multikey.encode(jwks.from_public_key(self.key.public_key()))
        self.did, self.kid = f"did:key:{multi}", f"did:key:{multi}#{multi}"

    def pack(self, message: Message, to: Scope, keys: dict[str, Any], anonymous: bool = False) -> bytes:
        kid, jwk = next((kid, jwk) for kid, jwk in keys.items() if jwk["crv"] == "X25519")
        fresh = encrypted.fresh(secrets.token_bytes(encrypted.FRESH_OCTETS))
        if anonymous:
            return encrypted.anoncrypt(wire.render(message), [Addressee(kid, jwk)], fresh)
        static = self.key.exchange(jwks.to_public_key(jwk))
        return encrypted.authcrypt(wire.render(message), self.kid, [Addressee(kid, jwk, static)], fresh)

    def open(self, octets: bytes, sender: dict[str, Any]) -> Message:
        layer = envelope.parse(octets, Trail())
        ephemeral = self.key.exchange(jwks.to_public_key(layer.recipients[0].epk))
        static = self.key.exchange(jwks.to_public_key(sender[layer.skid]))
        plaintext, trail = envelope.decrypted(layer, Trail(), self.kid, ephemeral, static)
        return envelope.address(wire.parse(plaintext), trail).message


@dataclasses.dataclass
class Meeting:
    world: World
    tenant: Scope
    did: str
    keys: dict[str, Any]
    stranger: Stranger

    def message(self, **changes: Any) -> Message:
        said = Message(secrets.token_hex(8), PING, {}, self.stranger.did, (self.did,), headers={"return_route": "all"})
        return dataclasses.replace(said, **changes)

    async def post(self, body: bytes, media_type: str = ENCRYPTED, tenant: str = "") -> tuple[int, bytes]:
        url = f"{self.world.origin}/t/{tenant or self.tenant.tenant.name}/didcomm"
        async with aiohttp.ClientSession() as session:
            headers = {"Content-Type": media_type}
            async with session.post(url, data=body, headers=headers) as answer:
                return answer.status, await answer.read()

    async def say(self, message: Message, anonymous: bool = False) -> tuple[int, Message | dict[str, Any] | None]:
        status, body = await self.post(self.stranger.pack(message, self.tenant, self.keys, anonymous))
        if status == 200:
            return status, self.stranger.open(body, self.keys)
        return status, json.loads(body) if body else None


@pytest.fixture
async def meeting(world: World) -> Meeting:
    tenant = await world.tenant(f"t{secrets.token_hex(6)}")
    identity = await identity_of(tenant)
    document = dids.DidDocument(identity.did, identity.document)
    return Meeting(world, tenant, identity.did, dids.keys(document, "keyAgreement"), Stranger())


async def test_the_tenants_document_is_served_and_resolves(meeting: Meeting) -> None:
    resolved = await meeting.world.plugins["did_methods"]["web"].resolve(meeting.did)
    assert resolved.id == meeting.did
    assert {jwk["crv"] for jwk in dids.keys(resolved, "keyAgreement").values()} == {"X25519", "P-256", "P-384"}
    assert [jwk["crv"] for jwk in dids.keys(resolved, "authentication").values()] == ["Ed25519"]


async def test_a_ping_is_answered_on_the_same_connection(meeting: Meeting) -> None:
    ping = meeting.message()
    status, reply = await meeting.say(ping)
    assert status == 200
    assert isinstance(reply, Message)
    assert (reply.name, reply.thid, reply.from_, reply.to) == ("ping-response", ping.id, meeting.did, (ping.from_,))


async def test_features_are_disclosed(meeting: Meeting) -> None:
    body = {"queries": [{"feature-type": "protocol", "match": "*ping*"}, {"feature-type": "constraint", "match": "*"}]}
    _, reply = await meeting.say(meeting.message(type=QUERIES, body=body))
    assert isinstance(reply, Message)
    assert [entry["id"] for entry in reply.body["disclosures"]] == [
        "https://didcomm.org/trust-ping/2.0",
        "max_receive_bytes",
    ]


async def test_a_ping_that_wants_no_answer_is_accepted(meeting: Meeting) -> None:
    assert await meeting.say(meeting.message(body={"response_requested": False})) == (202, None)


async def test_a_message_is_handled_once(meeting: Meeting) -> None:
    packed = meeting.stranger.pack(meeting.message(), meeting.tenant, meeting.keys)
    answers = await asyncio.gather(*(meeting.post(packed) for _ in range(10)))
    # Who comes while the first is being answered may be given the same answer: nobody knows yet that it arrives.
    assert {status for status, _ in answers} <= {200, 409}
    assert len({meeting.stranger.open(octets, meeting.keys).id for status, octets in answers if status == 200}) == 1
    assert (await meeting.post(packed))[0] == 409
    rows = await meeting.world.rows(meeting.tenant, "SELECT direction, state FROM messages ORDER BY direction")
    assert [tuple(row) for row in rows] == [("in", "handled"), ("out", "sent")]


async def test_an_authenticated_mistake_is_answered_by_a_problem_report(meeting: Meeting) -> None:
    for type_, body, code in (
        ("https://didcomm.org/tictactoe/1.0/move", {}, "e.p.msg.unsupported"),
        ("https://didcomm.org/trust-ping/2.0/ping-response", {}, "e.p.msg.out-of-order"),
        (PING, {"response_requested": 7}, "e.p.msg.invalid-body"),
    ):
        said = meeting.message(type=type_, body=body)
        _, reply = await meeting.say(said)
        assert isinstance(reply, Message)
        assert (reply.name, reply.body["code"], reply.pthid, reply.thid) == ("problem-report", code, said.id, "")


async def test_a_problem_report_is_not_answered(meeting: Meeting) -> None:
    type_ = "https://didcomm.org/report-problem/2.0/problem-report"
    assert await meeting.say(meeting.message(type=type_, body={"code": "e.p.msg"})) == (202, None)
    status, _ = await meeting.say(meeting.message(type=type_, body={"code": 7}))
    assert status == 400


async def test_one_threads_name_is_another_thread_for_another_peer(meeting: Meeting) -> None:
    other = dataclasses.replace(meeting, stranger=Stranger())
    assert (await meeting.say(meeting.message(thid="shared")))[0] == 200
    assert (await other.say(other.message(thid="shared")))[0] == 200
    assert len(await meeting.world.rows(meeting.tenant, "SELECT id FROM threads")) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"from_": "did:example:mallory"},
        {"from_": ""},
        {"to": ("did:example:somebody",)},
        {"from_prior": "e30.e30.AAAA"},
    ],
)
async def test_every_lie_gets_the_same_answer(meeting: Meeting, changes: dict[str, Any]) -> None:
    status, told = await meeting.say(meeting.message(**changes))
    garbled = json.loads(meeting.stranger.pack(meeting.message(), meeting.tenant, meeting.keys))
    garbled["tag"] = garbled["iv"] * 2
    assert (status, told) == (400, json.loads((await meeting.post(json.dumps(garbled).encode()))[1]))
    assert await meeting.world.rows(meeting.tenant, "SELECT id FROM messages") == []


async def test_a_senders_lie_is_a_security_event(meeting: Meeting) -> None:
    await meeting.say(meeting.message(from_="did:example:mallory"))
    rows = await meeting.world.rows(meeting.tenant, "SELECT description FROM security_events")
    assert [row["description"] for row in rows] == ["didcomm_inconsistent"]


async def test_strangers_without_a_key_are_not_heard(meeting: Meeting) -> None:
    assert (await meeting.say(meeting.message(), anonymous=True))[0] == 400
    plain = wire.render(meeting.message())
    assert (await meeting.post(plain))[0] == 400


@pytest.mark.parametrize("changes", [{"expires_time": 1}, {"created_time": 253_402_300_799}])
async def test_a_message_out_of_its_time_is_refused(meeting: Meeting, changes: dict[str, int]) -> None:
    status, told = await meeting.say(meeting.message(**changes))
    assert (status, told["error"]) == (400, "e.p.req.time")


async def test_a_message_for_another_tenant_does_not_open(meeting: Meeting) -> None:
    other = await meeting.world.tenant(f"o{secrets.token_hex(6)}")
    packed = meeting.stranger.pack(meeting.message(), meeting.tenant, meeting.keys)
    assert (await meeting.post(packed, tenant=other.tenant.name))[0] == 400
    assert (await meeting.post(packed))[0] == 200


async def test_only_encrypted_messages_of_bounded_size_come_in(meeting: Meeting) -> None:
    packed = meeting.stranger.pack(meeting.message(), meeting.tenant, meeting.keys)
    assert (await meeting.post(packed, "application/json"))[0] == 415
    assert (await meeting.post(b""))[0] == 400
    assert (await meeting.post(b" " * (envelope.MAX_BYTES + 1)))[0] == 400


async def test_everything_is_recorded_and_nothing_is_in_clear(meeting: Meeting) -> None:
    await meeting.say(meeting.message(thid="canary-thread", headers={"return_route": "all", "canary": "canary-header"}))
    audit = await meeting.world.rows(meeting.tenant, "SELECT event_type, metadata::text FROM audit_logs")
    assert "didcomm.received" in [row["event_type"] for row in audit]
    for table in ("threads", "messages", "audit_logs", "outbox"):
        for row in await meeting.world.rows(meeting.tenant, f"SELECT {table}::text AS whole FROM {table}"):
            assert "canary" not in row["whole"]
            assert meeting.stranger.did not in row["whole"]
            assert b"canary".hex() not in row["whole"]


async def test_two_tenants_ping_over_the_outbox(meeting: Meeting) -> None:
    world, alice = meeting.world, meeting.tenant
    bob = await world.tenant(f"b{secrets.token_hex(6)}")
    bobs = (await identity_of(bob)).did
    thread = await begin_protocol(alice, BeginProtocol(bobs, "trust-ping"))
    deliveries = Deliveries(world.maint, world.scope_of)
    await deliveries()
    states = "SELECT id, role, state, closed_at IS NOT NULL AS closed FROM threads"
    assert [tuple(row) for row in await world.rows(alice, states)] == [(thread, "sender", "completed", True)]
    assert [row["role"] for row in await world.rows(bob, states)] == ["receiver"]
    for scope in (alice, bob):
        rows = await world.rows(scope, "SELECT direction, state FROM messages ORDER BY direction")
        assert [tuple(row) for row in rows] == [("in", "handled"), ("out", "sent")]
        assert await world.rows(scope, "SELECT id FROM outbox") == []


async def test_two_workers_send_a_message_once(meeting: Meeting) -> None:
    world = meeting.world
    bob = await world.tenant(f"b{secrets.token_hex(6)}")
    for _ in range(5):
        await begin_protocol(meeting.tenant, BeginProtocol((await identity_of(bob)).did, "trust-ping"))
    await asyncio.gather(*(Deliveries(world.maint, world.scope_of)() for _ in range(2)))
    rows = await world.rows(bob, "SELECT direction FROM messages")
    assert sorted(row["direction"] for row in rows) == ["in"] * 5 + ["out"] * 5


async def test_what_cannot_be_delivered_is_tried_later_and_given_up(meeting: Meeting) -> None:
    world = meeting.world
    await begin_protocol(meeting.tenant, BeginProtocol(meeting.stranger.did, "trust-ping"))
    deliveries = Deliveries(world.maint, world.scope_of)
    for attempt in range(1, 19):
        await deliveries()
        rows = await world.rows(meeting.tenant, "SELECT attempts, available_at - now() AS wait FROM outbox")
        if attempt < 18:
            assert [row["attempts"] for row in rows] == [attempt]
            wanted = min(3600, 2 ** (attempt - 1))
            assert 0.7 * wanted - 1 < rows[0]["wait"].total_seconds() < 1.3 * wanted
            await world.maint.execute(
                "UPDATE outbox SET available_at = now() WHERE tenant_id = $1", meeting.tenant.tenant.id
            )
    assert rows == []
    assert [row["state"] for row in await world.rows(meeting.tenant, "SELECT state FROM messages")] == ["failed"]


async def test_a_tenant_without_keys_has_no_document(meeting: Meeting) -> None:
    room = meeting.world.rooms[meeting.tenant.tenant.name]
    bare = dataclasses.replace(room[2], version="bare", keys=())
    meeting.world.rooms["bare"] = (dataclasses.replace(room[0], name="bare"), room[1], bare)
    async with aiohttp.ClientSession() as session, session.get(f"{meeting.world.origin}/t/bare/did.json") as answer:
        assert answer.status == 404
    with pytest.raises(ProtocolError):
        await identity_of(await meeting.world.scope_of("bare", meeting.tenant.principal))
