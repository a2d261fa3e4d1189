"""DID Rotate 1.0 (RFC 0794): a party announces the DID that follows the one it speaks with, or takes its leave."""

from collections.abc import Mapping
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
from protocols.errors import Malformed

IDENTIFIER = "https://didcomm.org/did-rotate/1.0"
ROTATE, HANGUP, ACK, REPORT = (f"{IDENTIFIER}/{name}" for name in ("rotate", "hangup", "ack", "problem-report"))


def to_did(message: Message) -> str:
    """The DID that follows. Raises InvalidBody."""
    found = message.body.get("to_did")
    try:
        parse_did(found if isinstance(found, str) else "")
    except Malformed:
        raise InvalidBody("to_did is no DID") from None
    return str(found)


class DidRotate:
    """Both roles: announces a DID or takes leave, and hears the peer do so."""

    identifier: ClassVar[str] = IDENTIFIER
    roles: ClassVar[tuple[str, ...]] = ("rotating_party", "observing_party")
    versions: ClassVar[frozenset[int]] = frozenset({1})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """Announce the DID `to_did`, or take leave: `hangup`. Raises InvalidBody for anything else."""
        if isinstance(parameters.get("to_did"), str):
            return Transition(ThreadState("rotating_party", "rotate-sent"), (Outgoing(ROTATE, dict(parameters)),))
        if parameters.get("hangup") is not True:
            raise InvalidBody("to_did or hangup")
        return Transition(ThreadState("rotating_party", "completed"), (Outgoing(HANGUP),), closed=True)

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Acknowledge a rotation; hear a leave. Who speaks has been settled by the time a message is here."""
        name = received.message.name
        if name == "rotate":
            if thread is not None:
                raise OutOfOrder("rotation in a thread that goes on")
            to_did(received.message)
            return Transition(
                ThreadState("observing_party", "completed"), (Outgoing(ACK, {"status": "OK"}),), closed=True
            )
        if name == "hangup":
            return Transition(ThreadState("observing_party", "completed"), closed=True)
        if name in ("ack", "problem-report"):
            if thread is not None and thread.role != "rotating_party":
                raise OutOfOrder("not to the party that observes")
            return Transition(ThreadState("rotating_party", "completed" if name == "ack" else "abandoned"), closed=True)
        raise UnsupportedMessage("did-rotate knows rotate, ack and hangup")
