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
MAX_COMMENT = 1_000
_MAX_ARGS = 32
_PLACE = re.compile(r"\{(\d{1,6})\}", re.ASCII)
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
        """Keep the code that the peer reports and its words, which are untrusted text."""
        if received.message.name != "problem-report":
            raise UnsupportedMessage("report-problem knows problem-report")
        body = received.message.body
        code, comment = body.get("code"), explained(body.get("comment"), body.get("args"))
        if not isinstance(code, str) or len(code) > 256 or not _CODE.fullmatch(code):
            raise InvalidBody("code is no problem code")
        state = ThreadState("notified", "completed", {"code": code, **({"comment": comment} if comment else {})})
        return Transition(state, closed=True, ask=Reported(code, received.message.pthid))

    def answered(self, thread: ThreadState, _question: Reported, _answer: None) -> Transition:
        """Noted."""
        return Transition(thread, closed=True)


def explained(comment: Any, args: Any) -> str:
    """A comment with its `{1}`, `{2}` filled in from `args` (Problem Reports), at most MAX_COMMENT characters.

    What is missing is `?`; what no place was left for follows the comment.
    """
    if not isinstance(comment, str):
        return ""
    given = [str(one)[:MAX_COMMENT] for one in args[:_MAX_ARGS]] if isinstance(args, list) else []
    places = [int(match[1]) for match in _PLACE.finditer(comment[:MAX_COMMENT])]
    filled = _PLACE.sub(lambda match: _argument(given, int(match[1])), comment[:MAX_COMMENT])
    left = [one for place, one in enumerate(given, 1) if place not in places]
    return ", ".join((filled, *left))[:MAX_COMMENT]


def _argument(given: list[str], place: int) -> str:
    return given[place - 1] if 1 <= place <= len(given) else "?"


def report(error: ProtocolError) -> Outgoing:
    """The report of a refusal; says no more than the door would say."""
    code = error.code if _CODE.fullmatch(error.code) else "e.p.msg"
    return Outgoing(PROBLEM_REPORT, {"code": code, "comment": error.description}, apart=True)
