"""One of the suite's agents and whom it talks to, over DIDComm v1 (Aries, AIP 2.0): honest unless a check says otherwise."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import base58

from conformance.didcomm import pack
from conformance.didcomm.dids import Document, peer_4, read_document, resolve
from conformance.didcomm.envelope import Envelope
from conformance.didcomm.invitations import decoded, invited
from conformance.didcomm.keys import SigningKey, jwk_of_multikey, verify
from conformance.didcomm.pack import Unpacked, jwk_of
from conformance.didcomm.talking import Heard, Message, thread_of, type_of
from conformance.http import Http
from conformance.jose import Unreadable, b64u, compact_json, read_object, unb64u
from conformance.session import Session
from conformance.verdict import Blocked, skip

PING, PONG = (f"https://didcomm.org/trust_ping/1.0/{name}" for name in ("ping", "ping_response"))
REQUEST, RESPONSE, COMPLETE = (
    f"https://didcomm.org/didexchange/1.1/{name}" for name in ("request", "response", "complete")
)
_QUEUE = {"recipientKeys": ["#key-1"], "routingKeys": [], "serviceEndpoint": "didcomm:transport/queue"}
SERVICE = {"id": "#service", "type": "did-communication", "priority": 0, "accept": ["didcomm/aip2;env=rfc19"], **_QUEUE}


@dataclass(frozen=True, slots=True)
class Service:
    """Where an agent takes messages: keys in base58."""

    keys: tuple[str, ...]
    endpoint: str
    routing: tuple[str, ...] = ()


def verkey(stated: str) -> str:
    """A key that is spelled as did:key or in base58, in base58. Raises Unreadable."""
    if stated.startswith("did:key:"):
        jwk = jwk_of_multikey(stated.removeprefix("did:key:").partition("#")[0])
        return base58.b58encode(unb64u(jwk["x"])).decode()
    jwk_of(stated)
    return stated


def services(document: Document) -> list[Service]:
    """The services of version 1 in a DID's document, their keys looked up in it."""
    found = []
    for one in document.services:
        if one.get("type") not in ("did-communication", "IndyAgent"):
            continue
        keys = [_looked_up(str(key), document) for key in one.get("recipientKeys", [])]
        routing = [_looked_up(str(key), document) for key in one.get("routingKeys", [])]
        found.append(Service(tuple(keys), str(one.get("serviceEndpoint")), tuple(routing)))
    return found


def _looked_up(name: str, document: Document) -> str:
    full = document.did + name if name.startswith("#") else name
    jwk = document.authentication.get(full)
    if jwk is None:
        return verkey(name)
    return base58.b58encode(unb64u(jwk["x"])).decode()


async def services_of(http: Http, stated: Any) -> list[Service]:
    """Of an invitation's service: inline, or a DID that leads to some."""
    if isinstance(stated, str):
        return services(await resolve(http, stated))
    keys, routing = (tuple(verkey(str(key)) for key in stated.get(name) or []) for name in _LISTS)
    return [Service(keys, str(stated.get("serviceEndpoint")), routing)]


_LISTS = ("recipientKeys", "routingKeys")


@dataclass(slots=True)
class Contact1:
    """A key of the suite's as a did:peer:4, and the agent that it writes to."""

    http: Http
    theirs: Service
    invitation: str = ""
    signing: SigningKey = field(default_factory=SigningKey)
    known: set[str] = field(default_factory=set)
    media_type: str = pack.MEDIA_TYPE

    @property
    def did(self) -> str:
        return peer_4(self.signing.jwk, SERVICE)

    @property
    def to(self) -> Mapping[str, str]:
        """Their key, by the name that it has in envelopes."""
        return {self.theirs.keys[0]: self.theirs.keys[0]}

    def message(self, type_: str, **members: Any) -> Message:
        """A plaintext message; a member that is None is left out."""
        made = {"@type": type_, "@id": secrets.token_hex(16), "~transport": {"return_route": "all"}, **members}
        return {name: value for name, value in made.items() if value is not None}

    def ping(self, **members: Any) -> Message:
        return self.message(PING, response_requested=True, **members)

    def request(self, **members: Any) -> Message:
        """A request of did-exchange below the invitation."""
        told = {"label": "The conformance suite", "did": self.did, "~thread": {"pthid": self.invitation}}
        return self.message(REQUEST, **told, **members)

    def authcrypt(self, message: Message | bytes, **wish: Any) -> Envelope:
        octets = message if isinstance(message, bytes) else compact_json(message)
        return pack.pack(octets, wish.pop("to", self.to), wish.pop("sender", self.signing), **wish)

    async def send(self, sending: Any, media_type: str = "") -> Heard:
        """POST an envelope (or whatever it is) and open what comes back. Raises Unreadable."""
        octets = sending if isinstance(sending, bytes) else compact_json(sending)
        headers = {"Content-Type": media_type or self.media_type}
        answer = await self.http.call("POST", self.theirs.endpoint, data=octets, headers=headers)
        if not 200 <= answer.status < 300 or not answer.body or b"protected" not in answer.body:
            return Heard(answer)
        opened = pack.unpack(read_object(answer.body, "answer"), self.signing)
        if self.known and opened.sender not in self.known:
            raise Unreadable(f"sent with {opened.sender[:20]}, which is no key of whom the suite talks to")
        return Heard(answer, None, read_object(opened.plaintext, "plaintext message"))

    async def unpacked(self, sending: Any) -> Unpacked:
        """The envelope of an answer. Raises Blocked when none comes."""
        answer = await self.http.call(
            "POST", self.theirs.endpoint, data=compact_json(sending), headers={"Content-Type": self.media_type}
        )
        if not answer.body:
            raise Blocked(f"an honest ping is answered by {answer}")
        return pack.unpack(read_object(answer.body, "answer"), self.signing)

    async def say(self, type_: str, **members: Any) -> Heard:
        return await self.send(self.authcrypt(self.message(type_, **members)))


async def begin_1(session: Session) -> Contact1:
    """A new contact that holds an invitation. Raises Blocked."""
    found = await invited(session, "v1")
    stated = found.message.get("services") or [found.message]
    try:
        listed = [one for service in stated for one in await services_of(session.http, service)]
    except Unreadable as error:
        raise Blocked(f"the invitation's services: {error}") from error
    usable = [one for one in listed if one.keys and one.endpoint.startswith("http") and not one.routing]
    if not usable:
        raise Blocked("the invitation has no endpoint of HTTP without routing keys")
    if type_of(found.message).rpartition("/")[0].endswith("/connections/1.0"):
        skip("the invitation is of connections 1.0, and these checks speak did-exchange")
    return Contact1(session.http, usable[0], str(found.message.get("@id", "")))


def vouched(response: Message, keys: tuple[str, ...]) -> bytes:
    """What a key of the invitation signed of a response: its DID or the document. Raises Unreadable."""
    attached = response.get("did_rotate~attach") or response.get("did_doc~attach")
    data = attached.get("data", {}) if isinstance(attached, dict) else {}
    jws = data.get("jws", {})
    if not isinstance(data.get("base64"), str) or not isinstance(jws.get("protected"), str):
        raise Unreadable("neither did_rotate~attach nor did_doc~attach is signed")
    content = decoded(data["base64"])
    text = f"{jws['protected']}.{b64u(content)}".encode()
    if not any(verify(jwk_of(key), text, decoded(str(jws.get("signature", "")))) for key in keys):
        raise Unreadable("not signed by a key of the invitation")
    return content


async def introduce(contact: Contact1, heard: Heard, request: Message) -> None:
    """Go on with what a response says, and complete the exchange. Raises Blocked."""
    response = heard.message or {}
    if type_of(response) != RESPONSE or thread_of(response) != thread_of(request):
        raise Blocked(f"the request is answered by {heard}")
    try:
        contact.theirs = await responding(contact, response)
    except Unreadable as error:
        raise Blocked(f"the response: {error}") from error
    thread = {"thid": thread_of(request), "pthid": contact.invitation}
    await contact.send(contact.authcrypt(contact.message(COMPLETE, **{"~thread": thread})))


async def responding(contact: Contact1, response: Message) -> Service:
    """Where the agent takes messages from now on. Raises Unreadable."""
    did = str(response.get("did", ""))
    document = response.get("did_doc~attach")
    if isinstance(document, dict) and "base64" in document.get("data", {}):
        found = services(read_document(did, read_object(decoded(document["data"]["base64"]))))
    else:
        found = services(await resolve(contact.http, did))
    if not found:
        raise Unreadable("the agent's DID has no service of version 1")
    contact.known |= {*contact.theirs.keys, *(key for one in found for key in one.keys)}
    return Service(found[0].keys, contact.theirs.endpoint)


async def meet_1(session: Session) -> Contact1:
    """A relationship of its own: an invitation is taken by did-exchange. Raises Blocked."""
    contact = await begin_1(session)
    request = contact.request()
    try:
        heard = await contact.send(contact.authcrypt(request))
    except Unreadable as error:
        raise Blocked(f"the request: {error}") from error
    await introduce(contact, heard, request)
    return contact


async def acquainted_1(session: Session) -> Contact1:
    """The relationship that most checks share."""
    return await session.once("didcomm-v1", lambda: meet_1(session))
