"""Connection Protocol 1.0 (RFC 0160): what wallets spoke before DID Exchange, and some still do."""

from collections.abc import Mapping
from typing import Any, ClassVar

import base58

from protocols.didcomm.catalog.did_exchange import Told, qualified
from protocols.didcomm.envelope import Received
from protocols.didcomm.message import Message
from protocols.didcomm.protocol import (
    Feature,
    InvalidBody,
    Outgoing,
    OutOfOrder,
    ThreadState,
    Transition,
    UnsupportedMessage,
)
from protocols.didcomm.v1 import attachments
from protocols.encoding import parse_b64url, render_json

IDENTIFIER = "https://didcomm.org/connections/1.0"
_ACK = "https://didcomm.org/notification/1.0/ack"
_MAX_LABEL = 500


class ConnectionAsked:
    """What does a response say of us: `connection~sig`, signed by the key of the invitation?"""


def told(connection: Any, label: Any = "") -> Told:
    """Who the peer says to be in a request's `connection`, or in that of a verified response. Raises InvalidBody."""
    did, document = (connection.get(name) for name in ("DID", "DIDDoc")) if isinstance(connection, dict) else ("", "")
    if not isinstance(did, str) or not did or not isinstance(document, dict | None):
        raise InvalidBody("connection without DID and DIDDoc")
    stored = render_json(document) if document else None
    return Told(qualified(did), stored, label[:_MAX_LABEL] if isinstance(label, str) else "")


def requested(message: Message) -> Told:
    """Who asks. Raises InvalidBody."""
    return told(message.body.get("connection"), message.body.get("label"))


def vouched(message: Message, keys: tuple[str, ...]) -> Told:
    """Who answers, for which the key of the invitation vouches. Raises InvalidSignature, InvalidBody."""
    return told(attachments.verified_field(message.body.get("connection~sig"), keys))


def did_of(jwk: Mapping[str, Any]) -> str:
    """The DID in the form of Indy of an Ed25519 key: the first half of it."""
    return base58.b58encode(parse_b64url(jwk["x"])[:16]).decode("ascii")


def document(did: str, key: str, endpoint: str, routing_keys: tuple[str, ...] = ()) -> dict[str, Any]:
    """A DIDDoc in the form of Indy, which is what every agent of this protocol reads."""
    method = {"id": f"{did}#1", "type": "Ed25519VerificationKey2018", "controller": did, "publicKeyBase58": key}
    service = {
        "id": f"{did};indy",
        "type": "IndyAgent",
        "priority": 0,
        "recipientKeys": [key],
        "routingKeys": list(routing_keys),
        "serviceEndpoint": endpoint,
    }
    return {
        "@context": "https://w3id.org/did/v1",
        "id": did,
        "publicKey": [method],
        "authentication": [{"type": "Ed25519SignatureAuthentication2018", "publicKey": f"{did}#1"}],
        "service": [service],
    }


class Connections1:
    """Makes connections: `request`, `response`, and an ack that says it has come."""

    identifier: ClassVar[str] = IDENTIFIER
    roles: ClassVar[tuple[str, ...]] = ("invitee", "inviter")
    versions: ClassVar[frozenset[int]] = frozenset({1})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """A request that says `connection` (DID and DIDDoc) and `label`. Raises InvalidBody."""
        connection = parameters.get("connection")
        if not isinstance(connection, Mapping):
            raise InvalidBody("connection is missing")
        body = {"label": str(parameters.get("label", "")), "connection": dict(connection)}
        return Transition(ThreadState("invitee", "requested"), (Outgoing(f"{IDENTIFIER}/request", body),))

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Answer a request; acknowledge a response."""
        name = received.message.name
        if name == "request":
            if thread is not None:
                raise OutOfOrder("request in a thread that goes on")
            requested(received.message)
            return Transition(ThreadState("inviter", "requested"), ask=ConnectionAsked())
        if name == "response":
            if thread is None or (thread.role, thread.state) != ("invitee", "requested"):
                raise OutOfOrder("response to no request of ours")
            return Transition(ThreadState("invitee", "completed"), (Outgoing(_ACK, {"status": "OK"}),), closed=True)
        if name == "ack":
            if thread is None or thread.role != "inviter":
                raise OutOfOrder("ack of no response of ours")
            return Transition(ThreadState("inviter", "completed"), closed=True)
        if name in ("problem_report", "problem-report"):
            return Transition(ThreadState(thread.role if thread else "invitee", "abandoned"), closed=True)
        raise UnsupportedMessage("connections knows request and response")

    def answered(self, thread: ThreadState, question: Any, answer: Any) -> Transition:
        """The response. The ack that follows is of a protocol of its own; the connection knows that it came."""
        response = Outgoing(f"{IDENTIFIER}/response", dict(answer))
        return Transition(ThreadState("inviter", "responded"), (response,), closed=True)
