"""Issue Credential as one choreography, for both versions (RFC 0453; WACI, Issue Credential 3.0).

The state has the specifications' words. What is offered, asked for and issued are attachments, which the agent makes
and judges: the protocol asks for them and knows only whose turn it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from protocols.didcomm.attached import Attached, Said, read, write
from protocols.didcomm.envelope import Received
from protocols.didcomm.protocol import (
    Feature,
    InvalidBody,
    OutOfOrder,
    ThreadState,
    Transition,
    UnsupportedMessage,
)

ISSUER, HOLDER = "issuer", "holder"
ABANDONED = "issuance-abandoned"


@dataclass(frozen=True, slots=True)
class CredentialRequested:
    """The holder asks for what was offered: may it have it? Answered by Issued, Later or Declined."""

    said: Said
    data: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CredentialReceived:
    """The issuer's credential for our request. Answered by Kept or Declined."""

    said: Said
    data: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Issued:
    """The credential; `known` is what the thread remembers of it."""

    credential: Attached
    known: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing is refused, and something is outstanding: code words."""

    waiting_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """The credential was checked and kept under this id."""

    credential: str


@dataclass(frozen=True, slots=True)
class Declined:
    """It comes to nothing; `comment` is what the peer may read of it."""

    comment: str = ""


class IssueCredential:
    """Both roles. A message that does not belong into the thread's state changes nothing."""

    identifier: ClassVar[str]
    version: ClassVar[int]
    roles: ClassVar[tuple[str, ...]] = (ISSUER, HOLDER)
    acquainted: ClassVar[bool] = True
    """Spoken with connections alone."""

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    # ------------------------------------------------------------------------------------------------ what we do
    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """With an offer or a proposal: `said` is the message, `data` what the thread remembers, `expires_time` when an
        offer ends."""
        said, data, ends = parameters.get("said"), parameters.get("data", {}), parameters.get("expires_time")
        if not isinstance(said, Said) or said.name not in ("offer-credential", "propose-credential"):
            raise InvalidBody("begins with an offer or a proposal")
        if said.name == "offer-credential":
            return self._moved(ThreadState(ISSUER, "offer-sent", data), said, ends)
        return self._moved(ThreadState(HOLDER, "proposal-sent", data), said)

    def move(
        self, thread: ThreadState, said: Said, data: Mapping[str, Any], expires_time: int | None = None
    ) -> Transition:
        """Our own next message in a thread. Raises OutOfOrder when it is not our turn to say that."""
        after = {
            ("proposal-received", "offer-credential"): "offer-sent",
            ("offer-sent", "offer-credential"): "offer-sent",
            ("offer-received", "request-credential"): "request-sent",
            ("offer-received", "propose-credential"): "proposal-sent",
        }.get((thread.state, said.name))
        if after is None:
            raise OutOfOrder(f"{said.name} in {thread.state}")
        return self._moved(replace(thread, state=after, data={**thread.data, **data}), said, expires_time)

    def over(self, thread: ThreadState) -> bool:
        """Whether nothing more comes of a thread."""
        return thread.state in ("done", "abandoned")

    def abandon(self, thread: ThreadState, comment: str = "") -> Transition:
        """We end it without a credential, and say so."""
        report = Said("problem-report", code=ABANDONED, comment=comment)
        state = ThreadState(thread.role, "abandoned", {"comment": comment} if comment else {})
        return replace(self._moved(state, report), closed=True)

    def abandoned_by_peer(self, thread: ThreadState, code: str) -> Transition:
        """The peer has ended it: both sides are at the end of it, whatever the code."""
        return Transition(ThreadState(thread.role, "abandoned", {"code": code}), closed=True)

    def _moved(self, state: ThreadState, said: Said, expires_time: int | None = None) -> Transition:
        return Transition(state, (replace(write(self.identifier, said, self.version), expires_time=expires_time),))

    # --------------------------------------------------------------------------------------------- what comes in
    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Take a message of the peer. Raises UnsupportedMessage, OutOfOrder, InvalidBody, AttachmentTooBig."""
        name = received.message.name.replace("_", "-")
        taken = {
            "propose-credential": self._proposed,
            "offer-credential": self._offered,
            "request-credential": self._requested,
            "issue-credential": self._issued,
            "ack": self._acknowledged,
            "problem-report": self._reported,
        }.get(name)
        if taken is None:
            raise UnsupportedMessage("issue-credential knows no such message")
        return taken(thread, read(received.message, self.version), received)

    def _proposed(self, thread: ThreadState | None, said: Said, _received: Received) -> Transition:
        """To us as issuer, at first or against our offer; somebody has to look at it."""
        _require(thread, ISSUER, None, "offer-sent", "proposal-received")
        known = dict(thread.data) if thread else {}
        return Transition(ThreadState(ISSUER, "proposal-received", {**known, "proposal": _told(said)}))

    def _offered(self, thread: ThreadState | None, said: Said, received: Received) -> Transition:
        """To us as holder, at first, for our proposal, or in place of another offer; somebody has to look at it."""
        _require(thread, HOLDER, None, "proposal-sent", "offer-received")
        _require_attached(said)
        ends = {"expires_time": received.message.expires_time} if received.message.expires_time else {}
        return Transition(ThreadState(HOLDER, "offer-received", {"offer": {**_told(said), **ends}}))

    def _requested(self, thread: ThreadState | None, said: Said, _received: Received) -> Transition:
        """Nothing is issued that was not offered."""
        thread = _require(thread, ISSUER, "offer-sent")
        _require_attached(said)
        return Transition(replace(thread, state="request-received"), ask=CredentialRequested(said, thread.data))

    def _issued(self, thread: ThreadState | None, said: Said, _received: Received) -> Transition:
        thread = _require(thread, HOLDER, "request-sent")
        _require_attached(said)
        return Transition(replace(thread, state="credential-received"), ask=CredentialReceived(said, thread.data))

    def _acknowledged(self, thread: ThreadState | None, _said: Said, _received: Received) -> Transition:
        thread = _require(thread, ISSUER, "credential-issued")
        return Transition(replace(thread, state="done"), closed=True)

    def _reported(self, thread: ThreadState | None, said: Said, _received: Received) -> Transition:
        if thread is None or self.over(thread):
            raise OutOfOrder("nothing goes on here")
        return self.abandoned_by_peer(thread, said.code)

    def answered(self, thread: ThreadState, question: Any, answer: Any) -> Transition:
        """Go on with what the agent made or found of a request or a credential."""
        if isinstance(answer, Declined):
            return self.abandon(thread, answer.comment)
        if isinstance(answer, Later):
            data = {**thread.data, "request": _told(question.said), "waiting_for": list(answer.waiting_for)}
            return Transition(replace(thread, data=data))
        if isinstance(answer, Issued):
            said = Said("issue-credential", (answer.credential,))
            return self._moved(ThreadState(ISSUER, "credential-issued", answer.known), said)
        done = ThreadState(HOLDER, "done", {"credential": answer.credential})
        return replace(self._moved(done, Said("ack")), closed=True)


def _require(thread: ThreadState | None, role: str, *states: str | None) -> ThreadState:
    """The thread in this role and one of these states, None for one that begins. Raises OutOfOrder."""
    if thread is None and None in states:
        return ThreadState(role, "")
    if thread is None or thread.role != role or thread.state not in states:
        raise OutOfOrder("not in this state of the thread")
    return thread


def _require_attached(said: Said) -> None:
    """Attachments are one thing in several formats: the agent takes the first that it knows. Raises InvalidBody."""
    if not said.attached:
        raise InvalidBody("nothing is attached")


def _told(said: Said) -> dict[str, Any]:
    """What somebody has to look at."""
    attached = [{"format": one.format, "content": dict(one.content)} for one in said.attached]
    told = {"attached": attached, "comment": said.comment, "goal_code": said.goal_code, "preview": dict(said.preview)}
    return {name: value for name, value in told.items() if value}
