"""One of the suite's agents and whom it talks to, over DIDComm v2: honest unless a check says otherwise."""

import secrets
import time
from collections.abc import Mapping
from typing import Any

from conformance.didcomm import envelope
from conformance.didcomm.dids import Document, peer_2, resolve, short
from conformance.didcomm.envelope import Envelope, Named
from conformance.didcomm.invitations import Invited, invited
from conformance.didcomm.keys import AgreementKey, SigningKey
from conformance.didcomm.talking import Heard, Message
from conformance.http import Http
from conformance.jose import Jwk, Unreadable, compact_json, read_object
from conformance.session import Session
from conformance.verdict import Blocked, skip

PING, PONG = "https://didcomm.org/trust-ping/2.0/ping", "https://didcomm.org/trust-ping/2.0/ping-response"


class Contact:
    """A DID of the suite's and the agent that it writes to; with `curve` both agree on that curve."""

    media_type = envelope.MEDIA_TYPE

    def __init__(self, http: Http, theirs: Document, inbox: str, curve: str = "X25519", alg: str = "EdDSA") -> None:
        self.http, self.theirs, self.inbox = http, theirs, inbox
        self.agreement, self.signing = AgreementKey(curve), SigningKey(alg)
        self.did = peer_2(self.agreement.jwk, self.signing.jwk)

    @property
    def sender(self) -> Named:
        return f"{self.did}#key-1", self.agreement

    @property
    def signer(self) -> tuple[str, SigningKey]:
        return f"{self.did}#key-2", self.signing

    @property
    def senders(self) -> dict[str, Jwk]:
        """Their keys, by either form of their DID."""
        theirs = self.theirs
        brief = {f"{short(theirs.did)}#{kid.partition('#')[2]}": jwk for kid, jwk in theirs.agreement.items()}
        return {**theirs.agreement, **brief}

    @property
    def to(self) -> dict[str, Jwk]:
        """Their keys on our curve."""
        found = {kid: jwk for kid, jwk in self.theirs.agreement.items() if jwk.get("crv") == self.agreement.crv}
        return found or skip(f"the agent's DID has no key on {self.agreement.crv}")

    def message(self, type_: str, body: Any = None, **headers: Any) -> Message:
        """A plaintext message; a header that is None is left out."""
        made = {
            "id": secrets.token_hex(16),
            "type": type_,
            "from": self.did,
            "to": [self.theirs.did],
            "created_time": int(time.time()),
            "return_route": "all",
            "body": body or {},
            **headers,
        }
        return {name: value for name, value in made.items() if value is not None}

    def ping(self, **headers: Any) -> Message:
        return self.message(PING, {"response_requested": True}, **headers)

    def authcrypt(self, message: Message | bytes, **wish: Any) -> Envelope:
        octets = message if isinstance(message, bytes) else compact_json(message)
        return envelope.lock(octets, self.to, self.sender, **wish)

    def anoncrypt(self, inner: Mapping[str, Any], **wish: Any) -> Envelope:
        return envelope.lock(compact_json(inner), self.to, **wish)

    def signed(self, message: Message, **how: Any) -> Envelope:
        kid, key = self.signer
        return envelope.sign(compact_json(message), how.pop("kid", kid), how.pop("key", key), **how)

    async def send(self, sending: Any, media_type: str = "") -> Heard:
        """POST an envelope (or whatever it is) and open what comes back. Raises Unreadable."""
        octets = sending if isinstance(sending, bytes) else compact_json(sending)
        answer = await self.http.call(
            "POST", self.inbox, data=octets, headers={"Content-Type": media_type or self.media_type}
        )
        if not 200 <= answer.status < 300 or answer.media_type != envelope.MEDIA_TYPE:
            return Heard(answer)
        opened = envelope.unlock(read_object(answer.body, "answer"), dict([self.sender]), self.senders)
        return Heard(answer, opened, read_object(opened.plaintext, "plaintext message"))

    async def say(self, type_: str, body: Any = None, **headers: Any) -> Heard:
        return await self.send(self.authcrypt(self.message(type_, body, **headers)))


async def begin(session: Session, **how: Any) -> tuple[Contact, Message]:
    """A new contact and its first message: a ping below an invitation. Raises Blocked."""
    found: Invited = await invited(session, "v2")
    contact = await _towards(session, str(found.message.get("from", "")), **how)
    return contact, contact.ping(pthid=str(found.message.get("id", "")))


async def meet(session: Session, **how: Any) -> Contact:
    """A relationship of its own: an invitation is taken. Raises Blocked."""
    contact, ping = await begin(session, **how)
    try:
        heard = await contact.send(contact.authcrypt(ping))
    except Unreadable as error:
        raise Blocked(f"the first ping below the invitation: {error}") from error
    if not heard.answers(ping):
        raise Blocked(f"the first ping below the invitation is answered by {heard}")
    return contact


async def acquainted(session: Session) -> Contact:
    """The relationship that most checks share."""
    return await session.once("didcomm-v2", lambda: meet(session))


async def stranger(session: Session, **how: Any) -> Contact:
    """Somebody new at the agent's public DID."""
    did = session.target.agent.did if session.target.agent else None
    if not did:
        skip("the target file names no public DID in [didcomm]")
    return await _towards(session, did, **how)


async def _towards(session: Session, did: str, **how: Any) -> Contact:
    try:
        document = await resolve(session.http, did)
    except Unreadable as error:
        raise Blocked(f"the agent's DID: {error}") from error
    inboxes = document.inboxes()
    if not inboxes:
        raise Blocked("the agent's DID has no DIDCommMessaging endpoint of HTTP without routing keys")
    return Contact(session.http, document, inboxes[0], **how)
