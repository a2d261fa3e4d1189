"""Somebody else's agent of version 1, played key by key."""

import json
import secrets
from typing import Any

import aiohttp

from agent.operations.messaging.create_invitation import CreateInvitation
from agent.operations.messaging.invite import invite
from agent.scope import Scope
from protocols.did import multikey, peer
from protocols.didcomm.catalog import out_of_band_1
from protocols.didcomm.v1 import pack
from tests.agent.messaging.world import World


class Edge:
    """Somebody else's agent without an endpoint: everything comes back on the POST that it makes."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def connect(self, scope: Scope, completes: bool = True, **policy: Any) -> None:
        made = await invite(scope, CreateInvitation(policy=policy), 1)
        invitation = out_of_band_1.parse_url(made.url)
        (service,) = invitation.services
        assert not isinstance(service, str)
        self.mediator, self.endpoint = service.recipient_keys[0], service.endpoint
        self.handle, self.jwk = await self._world.keyring.generate("EdDSA+X25519")
        self.verkey = pack.verkey(self.jwk)
        document = {
            "verificationMethod": [{"id": "#1", "type": "Multikey", "publicKeyMultibase": multikey.encode(self.jwk)}],
            "authentication": ["#1"],
            "service": [
                {
                    "id": "#2",
                    "type": "did-communication",
                    "recipientKeys": ["#1"],
                    "serviceEndpoint": "didcomm:transport/queue",
                }
            ],
        }
        request = {"label": "Edge", "did": peer.long_form(document), "~thread": {"pthid": invitation.id}}
        answer = await self.ask("https://didcomm.org/didexchange/1.1/request", **request)
        assert answer["@type"].endswith("/response")
        # Without it some invitees never finish.
        assert answer["~thread"]["pthid"] == invitation.id
        self.thread = answer["~thread"]["thid"]
        if not completes:
            return
        thread = {"thid": self.thread, "pthid": invitation.id}
        await self.ask("https://didcomm.org/didexchange/1.1/complete", **{"~thread": thread})

    async def ask(self, type_: str, **body: Any) -> Any:
        """Send a message; what comes back, None when nothing does."""
        status, octets = await self.post(await self.packed(type_, **body))
        assert status in (200, 202), octets
        return json.loads(await self.open(octets)) if status == 200 else None

    async def packed(self, type_: str, **body: Any) -> bytes:
        message = {"@type": type_, "@id": secrets.token_hex(8), "~transport": {"return_route": "all"}, **body}
        theirs = multikey.from_base58(self.mediator, "Ed25519")
        secret = await self._world.keyring.agree(self.handle, multikey.x25519_of(theirs))
        fresh = secrets.token_bytes(pack.FRESH_OCTETS + pack.RECIPIENT_OCTETS)
        return pack.pack(json.dumps(message).encode(), [pack.Addressee(theirs, secret)], fresh, self.jwk)

    async def post(self, octets: bytes) -> tuple[int, bytes]:
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.endpoint, data=octets, headers={"Content-Type": pack.MEDIA_TYPE}) as answer,
        ):
            assert answer.status != 200 or answer.content_type == pack.MEDIA_TYPE
            return answer.status, await answer.read()

    async def open(self, octets: bytes) -> bytes:
        packed = pack.parse(octets)
        (recipient,) = [one for one in packed.recipients if one.kid == self.verkey]
        keys = self._world.keyring
        secret = await keys.agree(self.handle, pack.ephemeral(recipient))
        if packed.alg == pack.ANONCRYPT:
            return pack.anoncrypted(packed, recipient, secret, self.jwk)
        sender = pack.sender(recipient, secret, self.jwk)
        return pack.authcrypted(packed, recipient, await keys.agree(self.handle, multikey.x25519_of(sender)))
