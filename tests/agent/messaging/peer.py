"""An agent that holds its own keys and speaks the codec, for what our own agent would never send."""

import asyncio
import secrets
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric import x25519

from protocols import did as dids
from protocols.did import DidDocument, multikey, peer
from protocols.didcomm import encrypted, envelope
from protocols.didcomm import message as wire
from protocols.didcomm.encrypted import ENCRYPTED, Addressee
from protocols.didcomm.envelope import Trail
from protocols.didcomm.message import Message
from protocols.jose import jwk as jwks


class Peer:
    """One X25519 key as did:key, talking to one DID of ours at one address."""

    def __init__(self, document: DidDocument, url: str) -> None:
        self.key = x25519.X25519PrivateKey.generate()
        multi = multikey.encode(jwks.from_public_key(self.key.public_key()))
        self.did, self.kid = f"did:key:{multi}", f"did:key:{multi}#{multi}"
        self.theirs, self.url = document.id, url
        self.keys = dids.keys(document, "keyAgreement")

    @classmethod
    def invited(cls, invitation: Any) -> "Peer":
        document = peer.document(invitation.invitation["from"])
        return cls(document, document.document["service"][0]["serviceEndpoint"]["uri"])

    def message(self, type_: str, body: Any = None, **more: Any) -> Message:
        headers = {"return_route": "all", **more.pop("headers", {})}
        return Message(secrets.token_hex(8), type_, body or {}, self.did, (self.theirs,), headers=headers, **more)

    def pack(self, message: Message, anonymous: bool = False) -> bytes:
        kid, jwk = next((kid, jwk) for kid, jwk in self.keys.items() if jwk["crv"] == "X25519")
        fresh = encrypted.fresh(secrets.token_bytes(encrypted.FRESH_OCTETS))
        if anonymous:
            return encrypted.anoncrypt(wire.render(message), [Addressee(kid, jwk)], fresh)
        static = self.key.exchange(jwks.to_public_key(jwk))
        return encrypted.authcrypt(wire.render(message), self.kid, [Addressee(kid, jwk, static)], fresh)

    def open(self, octets: bytes) -> Message:
        layer = envelope.parse(octets, Trail())
        ephemeral = self.key.exchange(jwks.to_public_key(layer.recipient(self.kid).epk))
        static = self.key.exchange(jwks.to_public_key(self.keys[layer.skid]))
        plaintext, trail = envelope.decrypted(layer, Trail(), self.kid, ephemeral, static)
        return envelope.address(wire.parse(plaintext), trail).message

    async def post(self, octets: bytes) -> tuple[int, bytes]:
        headers = {"Content-Type": ENCRYPTED}
        async with aiohttp.ClientSession() as session, session.post(self.url, data=octets, headers=headers) as answer:
            return answer.status, await answer.read()

    async def say(self, type_: str, body: Any = None, **more: Any) -> Message | int:
        """The answer on the same connection, or the status when there is none."""
        status, octets = await self.post(self.pack(self.message(type_, body, **more)))
        return self.open(octets) if status == 200 else status


class Line:
    """A WebSocket to the same agent."""

    def __init__(self, peer_: Peer, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.peer, self.socket = peer_, socket

    async def say(self, type_: str, body: Any = None) -> Message:
        await self.socket.send_str(self.peer.pack(self.peer.message(type_, body)).decode())
        return await self.hear()

    async def hear(self, seconds: float = 5) -> Message:
        frame = await asyncio.wait_for(self.socket.receive(), seconds)
        assert frame.type is aiohttp.WSMsgType.TEXT, frame
        return self.peer.open(frame.data.encode())
