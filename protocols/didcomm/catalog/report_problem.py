"""Report Problem 2.0 (DIDComm Messaging 2.1, Problem Reports)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
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

PROBLEM_REPORT = "https://didcomm.org/report-problem/2.0/problem-report"
_CODE = re.compile(r"[ew]\.[a-z0-9-]+(\.[a-z0-9-]+){0,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reported:
    """A problem with the thread `pthid`, if it is one of the peer's with us. No answer is expected."""

    code: str
    pthid: str


class ReportProblem:
    """Takes reports. Never answers one, so that two agents cannot report at each other for ever."""

    identifier: ClassVar[str] = "https://didcomm.org/report-problem/2.0"
    roles: ClassVar[tuple[str, ...]] = ("notifier", "notified")
    versions: ClassVar[frozenset[int]] = frozenset({2})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """Report `code`, with a `comment` for people."""
        code = parameters.get("code")
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            raise InvalidBody("code is no problem code")
        report = Outgoing(PROBLEM_REPORT, {"code": code, "comment": str(parameters.get("comment", ""))}, apart=True)
        return Transition(ThreadState("notifier", "completed"), (report,), closed=True)

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Keep the code that the peer reports; its comment is untrusted text and stays in the message."""
        if received.message.name != "problem-report":
            raise UnsupportedMessage("report-problem knows problem-report")
        code = received.message.body.get("code")
        if not isinstance(code, str) or len(code) > 256 or not _CODE.fullmatch(code):
            raise InvalidBody("code is no problem code")
        state = ThreadState("notified", "completed", {"code": code})
        return Transition(state, closed=True, ask=Reported(code, received.message.pthid))

    def answered(self, thread: ThreadState, _question: Reported, _answer: None) -> Transition:
        """Noted."""
        return Transition(thread, closed=True)


def report(error: ProtocolError) -> Outgoing:
    """The report of a refusal; says no more than the door would say."""
    code = error.code if _CODE.fullmatch(error.code) else "e.p.msg"
    return Outgoing(PROBLEM_REPORT, {"code": code, "comment": error.description}, apart=True)
