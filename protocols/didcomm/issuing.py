"""Issue Credential as one choreography, for both versions (RFC 0453; WACI, Issue Credential 3.0).

The state has the specifications' words. What is offered, asked for and issued are attachments, which the agent makes
and judges: the protocol asks for them and knows only whose turn it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from protocols.didcomm.attached import Attached, Said, read
from protocols.didcomm.envelope import Received
from protocols.didcomm.exchanging import Declined, Exchange, require_attached, require_state, told
from protocols.didcomm.protocol import Feature, InvalidBody, ThreadState, Transition, UnsupportedMessage

ISSUER, HOLDER = "issuer", "holder"
ABANDONED = "issuance-abandoned"
_TURNS = {
    ("proposal-received", "offer-credential"): "offer-sent",
    ("offer-sent", "offer-credential"): "offer-sent",
    ("offer-received", "request-credential"): "request-sent",
    ("offer-received", "propose-credential"): "proposal-sent",
}
"""Where a message of ours leads from a state."""


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


class IssueCredential(Exchange):
    """Both roles. A message that does not belong into the thread's state changes nothing."""

    roles: ClassVar[tuple[str, ...]] = (ISSUER, HOLDER)
    abandonment: ClassVar[str] = ABANDONED

    # ------------------------------------------------------------------------------------------------ what we do
    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """With an offer or a proposal: `said` is the message, `data` what the thread remembers, `expires_time` when an
        offer ends."""
        said, data, ends = parameters.get("said"), parameters.get("data", {}), parameters.get("expires_time")
        if not isinstance(said, Said) or said.name not in ("offer-credential", "propose-credential"):
            raise InvalidBody("begins with an offer or a proposal")
        if said.name == "offer-credential":
            return self.moved(ThreadState(ISSUER, "offer-sent", data), said, ends)
        return self.moved(ThreadState(HOLDER, "proposal-sent", data), said)

    def move(
        self, thread: ThreadState, said: Said, data: Mapping[str, Any], expires_time: int | None = None
    ) -> Transition:
        """Our own next message in a thread. Raises OutOfOrder when it is not our turn to say that."""
        after = self.next_state(thread, said, _TURNS)
        return self.moved(replace(thread, state=after, data={**thread.data, **data}), said, expires_time)

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
            "problem-report": self.reported,
        }.get(name)
        if taken is None:
            raise UnsupportedMessage("issue-credential knows no such message")
        return taken(thread, read(received.message, self.version), received)

    def _proposed(self, thread: ThreadState | None, said: Said, _received: Received) -> Transition:
        """To us as issuer, at first or against our offer; somebody has to look at it."""
        require_state(thread, ISSUER, None, "offer-sent", "proposal-received")
        known = dict(thread.data) if thread else {}
        return Transition(ThreadState(ISSUER, "proposal-received", {**known, "proposal": told(said)}))

    def _offered(self, thread: ThreadState | None, said: Said, received: Received) -> Transition:
        """To us as holder, at first, for our proposal, or in place of another offer; somebody has to look at it."""
        require_state(thread, HOLDER, None, "proposal-sent", "offer-received")
        require_attached(said)
        ends = {"expires_time": received.message.expires_time} if received.message.expires_time else {}
        return Transition(ThreadState(HOLDER, "offer-received", {"offer": {**told(said), **ends}}))

    def _requested(self, thread: ThreadState | None, said: Said, _received: Received) -> Transition:
        """Nothing is issued that was not offered."""
        thread = require_state(thread, ISSUER, "offer-sent")
        require_attached(said)
        return Transition(replace(thread, state="request-received"), ask=CredentialRequested(said, thread.data))

    def _issued(self, thread: ThreadState | None, said: Said, _received: Received) -> Transition:
        thread = require_state(thread, HOLDER, "request-sent")
        require_attached(said)
        return Transition(replace(thread, state="credential-received"), ask=CredentialReceived(said, thread.data))

    def _acknowledged(self, thread: ThreadState | None, _said: Said, _received: Received) -> Transition:
        thread = require_state(thread, ISSUER, "credential-issued")
        return Transition(replace(thread, state="done"), closed=True)

    def answered(self, thread: ThreadState, question: Any, answer: Any) -> Transition:
        """Go on with what the agent made or found of a request or a credential."""
        if isinstance(answer, Declined):
            return self.abandon(thread, answer.comment)
        if isinstance(answer, Later):
            data = {**thread.data, "request": told(question.said), "waiting_for": list(answer.waiting_for)}
            return Transition(replace(thread, data=data))
        if isinstance(answer, Issued):
            said = Said("issue-credential", (answer.credential,))
            return self.moved(ThreadState(ISSUER, "credential-issued", answer.known), said)
        done = ThreadState(HOLDER, "done", {"credential": answer.credential})
        return replace(self.moved(done, Said("ack")), closed=True)
