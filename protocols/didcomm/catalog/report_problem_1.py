"""Report Problem 1.0 (RFC 0035), and the acknowledgements of RFC 0015 that stand in no protocol of their own."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.didcomm.envelope import Received
from protocols.didcomm.protocol import (
    Feature,
    InvalidBody,
    Outgoing,
    ThreadState,
    Transition,
    UnsupportedMessage,
)
from protocols.errors import ProtocolError

IDENTIFIER = "https://didcomm.org/report-problem/1.0"
_MAX = 256


class ReportProblem1:
    """Takes reports. Never answers one, so that two agents cannot report at each other for ever."""

    identifier: ClassVar[str] = IDENTIFIER
    roles: ClassVar[tuple[str, ...]] = ("notifier", "notified")
    versions: ClassVar[frozenset[int]] = frozenset({1})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """Report `code`, with a `comment` for people."""
        code = parameters.get("code")
        if not isinstance(code, str) or not 0 < len(code) <= _MAX:
            raise InvalidBody("code is no problem code")
        said = Outgoing(f"{IDENTIFIER}/problem-report", _body(code, str(parameters.get("comment", ""))), apart=True)
        return Transition(ThreadState("notifier", "completed"), (said,), closed=True)

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Keep the code that the peer reports; its words are untrusted text and stay in the message."""
        if received.message.name != "problem-report":
            raise UnsupportedMessage("report-problem knows problem-report")
        described = received.message.body.get("description")
        code = described.get("code") if isinstance(described, dict) else described
        if not isinstance(code, str) or len(code) > _MAX:
            raise InvalidBody("description without a code")
        return Transition(ThreadState("notified", "completed", {"code": code}), closed=True)


class Notification1:
    """Takes acknowledgements (RFC 0015): they say that a message was taken, and change nothing."""

    identifier: ClassVar[str] = "https://didcomm.org/notification/1.0"
    roles: ClassVar[tuple[str, ...]] = ("acknowledged",)
    versions: ClassVar[frozenset[int]] = frozenset({1})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """Acknowledgements answer messages. Raises InvalidBody."""
        raise InvalidBody("an acknowledgement is never the first message")

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Note it."""
        if received.message.name not in ("ack", "problem-report"):
            raise UnsupportedMessage("notification knows ack")
        return Transition(ThreadState("acknowledged", "completed"), closed=True)


def report(error: ProtocolError) -> Outgoing:
    """The report of a refusal; says no more than the door would say."""
    return Outgoing(f"{IDENTIFIER}/problem-report", _body(error.code, error.description), apart=True)


def _body(code: str, comment: str) -> dict[str, Any]:
    return {"description": {"code": code, "en": comment}}
