"""A mediator: whom it routes for, what it holds, and to whom it gives it."""

import asyncio
import dataclasses
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from agent.operations.messaging.create_invitation import CreateInvitation, create_invitation
from agent.scope import Scope
from protocols.didcomm import routing
from protocols.didcomm.message import Message
from protocols.encoding import parse_b64url
from tests.agent.messaging.peer import Line, Peer
from tests.agent.messaging.world import World

MEDIATION_2, MEDIATION_3 = (f"https://didcomm.org/coordinate-mediation/{major}.0" for major in (2, 3))
PICKUP_3, PICKUP_4 = "https://didcomm.org/messagepickup/3.0", "https://didcomm.org/message-pickup/4.0"
WORDS = {
    MEDIATION_2: ("keylist-update", "keylist-update-response", "keylist-query", "keylist", "keys"),
    MEDIATION_3: ("recipient-update", "recipient-update-response", "recipient-query", "recipient", "dids"),
}
SECRET = {"protected": "e30", "recipients": [], "iv": "aXY", "ciphertext": "Y2lwaGVy", "tag": "dGFn"}


@dataclasses.dataclass
class Mediated:
    world: World
    mediator: Scope
    peer: Peer
    routing: str

    async def forward(self, next_: str, envelope: Any = None, **headers: Any) -> tuple[int, Any]:
        """A stranger's forward."""
        stranger = Peer(await self.world.plugins["did_methods"]["web"].resolve(self.routing), self.peer.url)
        octets = json.dumps(envelope or {**SECRET, "tag": secrets.token_urlsafe(8)}).encode()
        said = dataclasses.replace(routing.forward(secrets.token_hex(8), self.routing, next_, octets), **headers)
        status, _ = await stranger.post(stranger.pack(said, anonymous=True))
        return status, json.loads(octets)


async def joined(world: World, mediator: Scope, policy: Any = None, protocol: str = MEDIATION_3) -> tuple[Peer, Any]:
    allowed = {"mediate": True} if policy is None else policy
    invitation = await create_invitation(mediator, CreateInvitation(policy=allowed))
    peer = Peer.invited(invitation)
    return peer, await peer.say(f"{protocol}/mediate-request", pthid=invitation.invitation["id"])


@pytest.fixture
async def mediated(world: World) -> Mediated:
    mediator = await world.tenant(f"m{secrets.token_hex(6)}")
    peer, granted = await joined(world, mediator)
    await peer.say(f"{MEDIATION_3}/recipient-update", {"updates": [{"recipient_did": peer.did, "action": "add"}]})
    return Mediated(world, mediator, peer, granted.body["routing_did"][0])


@asynccontextmanager
async def line(peer: Peer) -> AsyncIterator[Line]:
    async with aiohttp.ClientSession() as session, session.ws_connect(peer.url.replace("http", "ws", 1)) as socket:
        yield Line(peer, socket)


def envelopes(delivery: Message) -> list[Any]:
    return [json.loads(parse_b64url(one["data"]["base64"])) for one in delivery.attachments]


def ids(delivery: Message) -> list[str]:
    return [one["id"] for one in delivery.attachments]


@pytest.mark.parametrize("protocol", [MEDIATION_2, MEDIATION_3])
async def test_mediation_is_granted_and_a_keylist_kept(world: World, protocol: str) -> None:
    mediator = await world.tenant(f"m{secrets.token_hex(6)}")
    peer, granted = await joined(world, mediator, protocol=protocol)
    update, response, query, listing, list_ = WORDS[protocol]
    routed = granted.body["routing_did"]
    assert granted.type == f"{protocol}/mediate-grant"
    assert (routed if protocol == MEDIATION_2 else routed[0]).startswith("did:web:")
    other = f"{peer.did}X"
    updates = [{"recipient_did": one, "action": "add"} for one in (peer.did, peer.did, other)]
    answer = await peer.say(f"{protocol}/{update}", {"updates": updates})
    assert answer.type == f"{protocol}/{response}"
    assert [one["result"] for one in answer.body["updated"]] == ["success", "no_change", "success"]
    answer = await peer.say(f"{protocol}/{query}", {"paginate": {"limit": 1, "offset": 1}})
    assert answer.type == f"{protocol}/{listing}"
    assert len(answer.body[list_]) == 1
    assert answer.body["pagination"] == {"count": 1, "offset": 1, "remaining": 0}
    removal = {"updates": [{"recipient_did": other, "action": "remove"}] * 2}
    answer = await peer.say(f"{protocol}/{update}", removal)
    assert [one["result"] for one in answer.body["updated"]] == ["success", "no_change"]
    answer = await peer.say(f"{protocol}/{query}")
    assert answer.body[list_] == [{"recipient_did": peer.did}]


async def test_mediation_is_denied_without_the_operators_word(world: World) -> None:
    mediator = await world.tenant(f"m{secrets.token_hex(6)}")
    peer, answer = await joined(world, mediator, policy={})
    assert answer.type == f"{MEDIATION_3}/mediate-deny"
    updates = {"updates": [{"recipient_did": peer.did, "action": "add"}]}
    report = await peer.say(f"{MEDIATION_3}/recipient-update", updates)
    assert report.body["code"] == "e.p.msg.out-of-order"
    report = await peer.say(f"{PICKUP_3}/delivery-request", {"limit": 1})
    assert report.body["code"] == "e.m.no-queue"


async def test_a_recipient_of_one_peer_is_no_others(mediated: Mediated) -> None:
    other, _ = await joined(mediated.world, mediated.mediator)
    updates = {"updates": [{"recipient_did": mediated.peer.did, "action": action} for action in ("add", "remove")]}
    answer = await other.say(f"{MEDIATION_3}/recipient-update", updates)
    assert [one["result"] for one in answer.body["updated"]] == ["client_error", "no_change"]
    await mediated.forward(mediated.peer.did)
    status = await other.say(f"{PICKUP_4}/status-request", {"recipient_did": mediated.peer.did})
    assert status.body["message_count"] == 0
    held = await mediated.peer.say(f"{PICKUP_4}/delivery-request", {"limit": 10})
    await other.say(f"{PICKUP_4}/messages-received", {"message_id_list": ids(held)})
    status = await mediated.peer.say(f"{PICKUP_4}/status-request")
    assert status.body["message_count"] == 1


@pytest.mark.parametrize("pickup", [PICKUP_3, PICKUP_4])
async def test_what_is_held_goes_only_when_it_was_received(mediated: Mediated, pickup: str) -> None:
    peer = mediated.peer
    sent = [await mediated.forward(next_) for next_ in (peer.did, peer.kid, peer.did)]
    assert [status for status, _ in sent] == [202] * 3
    status = await peer.say(f"{pickup}/status-request", {"recipient_did": peer.did})
    assert (status.type, status.body["message_count"]) == (f"{pickup}/status", 3)
    assert status.body["recipient_did"] == peer.did
    assert status.body["total_bytes"] > 0
    assert status.body["live_delivery"] is False
    for _ in range(2):
        delivery = await peer.say(f"{pickup}/delivery-request", {"limit": 2})
        assert delivery.type == f"{pickup}/delivery"
        assert envelopes(delivery) == [one for _, one in sent[:2]]
    status = await peer.say(f"{pickup}/messages-received", {"message_id_list": [*ids(delivery), "nonsense"]})
    assert status.body["message_count"] == 1
    rest = await peer.say(f"{pickup}/delivery-request", {"limit": 10})
    assert envelopes(rest) == [sent[2][1]]
    await peer.say(f"{pickup}/messages-received", {"message_id_list": ids(rest)})
    nothing = await peer.say(f"{pickup}/delivery-request", {"limit": 10})
    if pickup == PICKUP_3:
        assert (nothing.type, nothing.body["message_count"]) == (f"{pickup}/status", 0)
    else:
        assert (nothing.type, nothing.attachments) == (f"{pickup}/delivery", ())
    # About the channel, and kept in no conversation.
    threads = await mediated.world.rows(mediated.mediator, f"SELECT id FROM threads WHERE protocol = '{pickup}'")
    assert threads == []


async def test_what_nobody_registered_is_not_held(mediated: Mediated) -> None:
    assert (await mediated.forward("did:example:nobody"))[0] == 400
    assert await mediated.world.rows(mediated.mediator, "SELECT id FROM message_queue") == []


async def test_what_a_mediator_wrapped_once_more_for_us_is_opened(mediated: Mediated) -> None:
    did = mediated.routing
    peer = Peer(await mediated.world.plugins["did_methods"]["web"].resolve(did), mediated.peer.url)
    octets, answers = peer.pack(peer.message("https://didcomm.org/trust-ping/2.0/ping")), []
    for _ in range(4):
        answers.append((await peer.post(octets))[0])
        octets = peer.pack(routing.forward(secrets.token_hex(8), did, did, octets), anonymous=True)
    # The first was taken; then it comes again, once wrapped and twice; deeper nothing is opened.
    assert answers == [200, 409, 409, 400]


async def test_a_queue_has_limits(mediated: Mediated) -> None:
    async with mediated.mediator.unit() as unit:
        await unit.connection.execute("UPDATE agent.mediations SET queue_limit = 4")
        await unit.commit()
    answers = await asyncio.gather(*(mediated.forward(mediated.peer.did) for _ in range(8)))
    # Three quarters of a queue may be one recipient's.
    assert sorted(status for status, _ in answers) == [202] * 3 + [503] * 5
    status = await mediated.peer.say(f"{PICKUP_3}/status-request")
    assert status.body["message_count"] == 3


async def test_a_sender_has_a_share_of_a_queue(mediated: Mediated) -> None:
    async with mediated.mediator.unit() as unit:
        await unit.connection.execute("UPDATE agent.mediations SET queue_limit = 4")
        await unit.commit()
    sender = Peer(await mediated.world.plugins["did_methods"]["web"].resolve(mediated.routing), mediated.peer.url)
    statuses = []
    for _ in range(3):
        said = routing.forward(secrets.token_hex(8), mediated.routing, mediated.peer.did, json.dumps(SECRET).encode())
        statuses.append((await sender.post(sender.pack(dataclasses.replace(said, from_=sender.did))))[0])
    assert statuses == [202, 202, 503]
    assert (await mediated.forward(mediated.peer.did))[0] == 202


async def test_what_has_expired_is_not_delivered(mediated: Mediated) -> None:
    soon = int(mediated.world.clock().timestamp()) + 1
    assert (await mediated.forward(mediated.peer.did, expires_time=soon))[0] == 202
    await asyncio.sleep(1.2)
    status = await mediated.peer.say(f"{PICKUP_3}/status-request")
    assert status.body["message_count"] == 0


@pytest.mark.parametrize("pickup", [PICKUP_3, PICKUP_4])
async def test_live_delivery_comes_over_the_socket(mediated: Mediated, pickup: str) -> None:
    async with line(mediated.peer) as open_line:
        status = await open_line.say(f"{pickup}/live-delivery-change", {"live_delivery": True})
        assert (status.type, status.body["live_delivery"]) == (f"{pickup}/status", True)
        # After the guard's time for a whole request, which a socket outlives.
        await asyncio.sleep(6)
        _, sent = await mediated.forward(mediated.peer.did)
        delivery = await open_line.hear()
        assert (delivery.type, envelopes(delivery)) == (f"{pickup}/delivery", [sent])
        status = await open_line.say(f"{pickup}/messages-received", {"message_id_list": ids(delivery)})
        assert status.body["message_count"] == 0
        status = await open_line.say(f"{pickup}/live-delivery-change", {"live_delivery": False})
        assert status.body["live_delivery"] is False
        await mediated.forward(mediated.peer.did)
        with pytest.raises(TimeoutError):
            await open_line.hear(0.5)


async def test_what_was_delivered_live_and_not_received_comes_again(mediated: Mediated) -> None:
    async with line(mediated.peer) as open_line:
        await open_line.say(f"{PICKUP_4}/live-delivery-change", {"live_delivery": True})
        _, sent = await mediated.forward(mediated.peer.did)
        assert envelopes(await open_line.hear()) == [sent]
    again = await mediated.peer.say(f"{PICKUP_4}/delivery-request", {"limit": 1})
    assert envelopes(again) == [sent]


async def test_live_delivery_needs_a_connection_that_stays(mediated: Mediated) -> None:
    report = await mediated.peer.say(f"{PICKUP_4}/live-delivery-change", {"live_delivery": True})
    assert (report.name, report.body["code"]) == ("problem-report", "e.m.live-mode-not-supported")


async def test_a_socket_answers_once_it_was_asked_to(mediated: Mediated) -> None:
    peer = mediated.peer
    async with line(peer) as open_line:
        quiet = dataclasses.replace(peer.message(f"{PICKUP_3}/status-request"), headers={})
        await open_line.socket.send_bytes(peer.pack(quiet))
        with pytest.raises(TimeoutError):
            await open_line.hear(0.5)
    async with line(peer) as open_line:
        await open_line.say(f"{PICKUP_3}/status-request")
        await open_line.socket.send_bytes(peer.pack(dataclasses.replace(quiet, id="again")))
        assert (await open_line.hear()).name == "status"


async def test_a_socket_that_brings_nonsense_is_closed(mediated: Mediated) -> None:
    async with line(mediated.peer) as open_line:
        for _ in range(30):
            await open_line.socket.send_str("{}")
        frame = await asyncio.wait_for(open_line.socket.receive(), 5)
        assert frame.type is aiohttp.WSMsgType.CLOSE
    async with line(mediated.peer) as open_line:
        await open_line.socket.send_str("x" * 1_100_000)
        frame = await asyncio.wait_for(open_line.socket.receive(), 5)
        assert (frame.type, frame.data) == (aiohttp.WSMsgType.CLOSE, 1009)


@pytest.mark.parametrize(
    "body",
    [{}, {"limit": 0}, {"limit": True}, {"limit": "1"}, {"limit": 1, "recipient_did": 7}],
)
async def test_a_wrong_request_is_reported(mediated: Mediated, body: Any) -> None:
    report = await mediated.peer.say(f"{PICKUP_3}/delivery-request", body)
    assert report.body["code"] == "e.p.msg.invalid-body"


async def test_names_of_recipients_lie_sealed(mediated: Mediated) -> None:
    for table in ("mediation_keys", "message_queue", "mediations", "audit_logs"):
        for row in await mediated.world.rows(mediated.mediator, f"SELECT {table}::text AS whole FROM {table}"):
            assert mediated.peer.did not in row["whole"]
            assert mediated.peer.did.encode().hex() not in row["whole"]
