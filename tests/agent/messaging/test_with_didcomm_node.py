"""A third library (`didcomm-node`, which is didcomm-rust): every envelope it has, and a recipient behind our mediator."""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.create_invitation import CreateInvitation, create_invitation
from agent.operations.messaging.identity import identity_of
from agent.scope import Scope
from agent.workers.deliveries import Deliveries
from protocols.did import multikey, peer
from protocols.didcomm.encrypted import ENCRYPTED
from protocols.encoding import parse_b64url
from tests.agent.messaging.test_with_didcomm_python import (
    PEERS,
    PING,
    Library,
    document,
    ed25519_peer,
    readable,
)
from tests.agent.messaging.world import World
from tests.interop.credo.install import CannotInstall
from tests.interop.didcomm_node.install import install

MEDIATION, PICKUP = "https://didcomm.org/coordinate-mediation/2.0", "https://didcomm.org/messagepickup/3.0"


@pytest.fixture(scope="session")
def node_and_script() -> tuple[str, str]:
    try:
        script, node = install()
    except (CannotInstall, OSError) as refusal:
        if os.environ.get("CI") == "true":
            pytest.fail(str(refusal))
        pytest.skip(str(refusal))
    return node.node, str(script)


@pytest.fixture
async def library(node_and_script: tuple[str, str]) -> AsyncIterator[Library]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*node_and_script, stdin=pipe, stdout=pipe, limit=2**22)
    yield Library(process)
    process.kill()
    await process.wait()


async def post(url: str, packed: Any) -> tuple[int, Any]:
    headers = {"Content-Type": ENCRYPTED}
    async with aiohttp.ClientSession() as session, session.post(url, json=packed, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None) if answer.status == 200 else None


@pytest.mark.parametrize("enc", ["A256cbcHs512EcdhEsA256kw", "A256gcmEcdhEsA256kw", "Xc20pEcdhEsA256kw"])
@pytest.mark.parametrize("how", ["authcrypt", "anoncrypt of authcrypt", "anoncrypt of signed"])
@pytest.mark.parametrize("crv", ["X25519", "P-256"])
async def test_every_envelope_of_the_library_is_answered_to_it(
    library: Library, tenant: Scope, crv: str, how: str, enc: str
) -> None:
    did, held, own = PEERS[crv]()
    theirs = await readable(tenant)
    ping = {
        "id": secrets.token_hex(8),
        "type": PING,
        "body": {},
        "from": did,
        "to": [theirs["id"]],
        "return_route": "all",
    }
    given = {"documents": [own, theirs], "secrets": held}
    way = {"sign": did} if how == "anoncrypt of signed" else {"from": did, "protect": how == "anoncrypt of authcrypt"}
    packed = await library(**given, pack=ping, to=theirs["id"], enc=enc, **way)
    status, reply = await post(f"{tenant.tenant.base_url}/didcomm", packed["packed"])
    assert status == 200
    opened = await library(**given, unpack=reply)
    assert opened["metadata"]["authenticated"]
    assert opened["message"]["type"] == "https://didcomm.org/trust-ping/2.0/ping-response"
    assert (opened["message"]["thid"], opened["message"]["from"]) == (ping["id"], theirs["id"])


class Recipient:
    """The library behind our mediator, at the DID of an invitation of the mediator's."""

    def __init__(self, library: Library, made: Any) -> None:
        self.library, self.invitation = library, made.invitation
        self.did, self.held, self.own = ed25519_peer()
        found = peer.document(made.invitation["from"])
        methods = [
            {"kid": f"{found.id}{one['id']}", **multikey.decode(one["publicKeyMultibase"])}
            for one in found.document["verificationMethod"]
        ]
        kids = {
            name: [f"{found.id}{one}" for one in found.document[name]] for name in ("authentication", "keyAgreement")
        }
        self.documents = [self.own, document(found.id, methods, kids)]
        self.mediator, self.url = found.id, found.document["service"][0]["serviceEndpoint"]["uri"]

    async def say(self, type_: str, body: Any, **headers: Any) -> Any:
        message = {"id": secrets.token_hex(8), "type": type_, "body": body, "return_route": "all", **headers}
        message |= {"from": self.did, "to": [self.mediator]}
        given = {"documents": self.documents, "secrets": self.held}
        packed = await self.library(**given, pack=message, to=self.mediator, **{"from": self.did})
        status, reply = await post(self.url, packed["packed"])
        assert status == 200
        return (await self.library(**given, unpack=reply))["message"]


async def test_the_library_is_mediated_for_and_picks_up_what_we_sent(
    library: Library, world: World, tenant: Scope
) -> None:
    mediator = await world.tenant(f"m{secrets.token_hex(6)}")
    made = await create_invitation(mediator, CreateInvitation(policy={"mediate": True}))
    recipient = Recipient(library, made)
    granted = await recipient.say(f"{MEDIATION}/mediate-request", {}, pthid=made.invitation["id"])
    routing = granted["body"]["routing_did"]
    # The DID that others know: the same key that signs and agrees, behind the mediator.
    signing, agreeing = ({name: v for name, v in one.items() if name not in ("kid", "d")} for one in recipient.held)
    public = peer.long_form(
        {
            "verificationMethod": [
                {"id": f"#{n}", "type": "Multikey", "publicKeyMultibase": multikey.encode(one)}
                for n, one in (("s", signing), ("a", agreeing))
            ],
            "authentication": ["#s"],
            "keyAgreement": ["#a"],
            "service": [{"id": "#d", "type": "DIDCommMessaging", "serviceEndpoint": {"uri": routing}}],
        }
    )
    update = {"updates": [{"recipient_did": public, "action": "add"}]}
    updated = await recipient.say(f"{MEDIATION}/keylist-update", update)
    assert [one["result"] for one in updated["body"]["updated"]] == ["success"]
    await begin_protocol(tenant, BeginProtocol(public, "basicmessage", {"content": "through the mediator"}))
    await Deliveries(world.maint, world.scope_of)()
    delivery = await recipient.say(f"{PICKUP}/delivery-request", {"limit": 10})
    envelope = json.loads(parse_b64url(delivery["attachments"][0]["data"]["base64"]))
    held = [{**one, "kid": f"{public}#{name}"} for one, name in zip(recipient.held, ("s", "a"), strict=True)]
    shown = document(public, held, {"authentication": [held[0]["kid"]], "keyAgreement": [held[1]["kid"]]})
    opened = await library(documents=[shown, await readable(tenant)], secrets=held, unpack=envelope)
    assert opened["message"]["body"] == {"content": "through the mediator"}
    assert opened["message"]["from"] == (await identity_of(tenant)).did
    received = {"message_id_list": [one["id"] for one in delivery["attachments"]]}
    status = await recipient.say(f"{PICKUP}/messages-received", received)
    assert status["body"]["message_count"] == 0
