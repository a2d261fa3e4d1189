"""DID Exchange 1.1 (RFC 0023), and 1.0, which says the same in a document that is attached."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from protocols.did import parse_did
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
from protocols.errors import Malformed

IDENTIFIER = "https://didcomm.org/didexchange/1.1"
_MAX_LABEL = 500


@dataclass(frozen=True, slots=True)
class Told:
    """Who the peer says to be: a DID, and its document when the DID does not resolve. Nothing of it is believed."""

    did: str
    document: bytes | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class ResponseAsked:
    """What does a response say of us: `did`, and `did_rotate~attach` signed by the key of the invitation?"""


def told(message: Message) -> Told:
    """What a request or a response says of the peer. Raises InvalidBody."""
    did, attached, label = (message.body.get(name) for name in ("did", "did_doc~attach", "label"))
    if not isinstance(did, str) or not did or len(did) > 16_384:
        raise InvalidBody("did is missing")
    try:
        document = attachments.octets(attached) if attached is not None else None
    except Malformed as error:
        raise InvalidBody(error.detail) from None
    return Told(qualified(did), document, label[:_MAX_LABEL] if isinstance(label, str) else "")


def qualified(did: str) -> str:
    """A DID of Indy is told without its method. Raises InvalidBody."""
    found = did if did.startswith("did:") else f"did:sov:{did}"
    try:
        parse_did(found)
    except Malformed:
        raise InvalidBody("did is none") from None
    return found


def vouched(message: Message, keys: tuple[str, ...]) -> None:
    """The key of the invitation vouches for the DID of a response, by the document or by the DID itself.

    Raises InvalidSignature, InvalidBody.
    """
    rotated, document = message.body.get("did_rotate~attach"), message.body.get("did_doc~attach")
    if rotated is not None:
        signed = attachments.verified(rotated, keys)
        if signed != str(message.body.get("did")).encode():
            raise InvalidBody("another DID was signed")
    elif document is not None:
        attachments.verified(document, keys)
    else:
        raise InvalidBody("nobody vouches for the DID")


class DidExchange:
    """Makes connections: `request`, `response`, `complete`."""

    identifier: ClassVar[str] = IDENTIFIER
    roles: ClassVar[tuple[str, ...]] = ("requester", "responder")
    versions: ClassVar[frozenset[int]] = frozenset({1})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """A request that says `did` and `label`, and `goal_code` if there is one. Raises InvalidBody."""
        did = parameters.get("did")
        if not isinstance(did, str):
            raise InvalidBody("did is missing")
        words = {name: parameters[name] for name in ("label", "goal_code", "goal") if parameters.get(name)}
        body = {"label": "", **words, "did": did}
        state = ThreadState("requester", "request-sent", {"pthid": str(parameters.get("pthid", ""))})
        return Transition(state, (Outgoing(f"{IDENTIFIER}/request", body),))

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Answer a request, complete a response."""
        name = received.message.name
        standing = (thread.role, thread.state) if thread else ("", "")
        if name == "request":
            if thread is not None:
                raise OutOfOrder("request in a thread that goes on")
            told(received.message)
            data = {"pthid": received.message.pthid}
            return Transition(ThreadState("responder", "request-received", data), ask=ResponseAsked())
        if name == "response":
            if thread is None or standing != ("requester", "request-sent"):
                raise OutOfOrder("response to no request of ours")
            done = Outgoing(f"{IDENTIFIER}/complete", pthid=str(thread.data.get("pthid", "")))
            return Transition(ThreadState("requester", "completed"), (done,), closed=True)
        if name == "complete":
            if standing != ("responder", "response-sent"):
                raise OutOfOrder("complete of no response of ours")
            return Transition(ThreadState("responder", "completed"), closed=True)
        if name in ("problem_report", "problem-report"):
            return Transition(ThreadState(standing[0] or "requester", "abandoned"), closed=True)
        raise UnsupportedMessage("didexchange knows request, response and complete")

    def answered(self, thread: ThreadState, question: Any, answer: Any) -> Transition:
        """The response; it names the invitation again, without which some invitees never finish."""
        pthid = str(thread.data.get("pthid", ""))
        response = Outgoing(f"{IDENTIFIER}/response", dict(answer), pthid=pthid)
        return Transition(ThreadState("responder", "response-sent", thread.data), (response,))
