"""Present Proof as one choreography, for both versions (RFC 0454; WACI, Present Proof 3.0).

What is asked for and shown are attachments, which the agent makes and judges.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from protocols.didcomm.attached import Said, read
from protocols.didcomm.envelope import Received
from protocols.didcomm.exchanging import Declined, Exchange, require_attached, require_state, told
from protocols.didcomm.protocol import Feature, InvalidBody, ThreadState, Transition, UnsupportedMessage

VERIFIER, PROVER = "verifier", "prover"
_TURNS = {
    ("proposal-received", "request-presentation"): "request-sent",
    ("request-received", "presentation"): "presentation-sent",
    ("request-received", "propose-presentation"): "proposal-sent",
}
"""Where a message of ours leads from a state."""


@dataclass(frozen=True, slots=True)
class PresentationReceived:
    """What the prover shows for our request. Answered by Verified or Declined."""

    said: Said
    data: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """It was what was asked for; `known` is what the thread remembers of it."""

    known: Mapping[str, Any]


class PresentProof(Exchange):
    """Both roles. A message that does not belong into the thread's state changes nothing."""

    roles: ClassVar[tuple[str, ...]] = (VERIFIER, PROVER)
    abandonment: ClassVar[str] = "abandoned"

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """With a request or a proposal: `said` is the message, `data` what the thread remembers, `expires_time` when a
        request ends."""
        said, data, ends = parameters.get("said"), parameters.get("data", {}), parameters.get("expires_time")
        if not isinstance(said, Said) or said.name not in ("request-presentation", "propose-presentation"):
            raise InvalidBody("begins with a request or a proposal")
        if said.name == "request-presentation":
            return self.moved(ThreadState(VERIFIER, "request-sent", data), said, ends)
        return self.moved(ThreadState(PROVER, "proposal-sent", data), said)

    def move(
        self, thread: ThreadState, said: Said, data: Mapping[str, Any], expires_time: int | None = None
    ) -> Transition:
        """Our own next message in a thread. Raises OutOfOrder when it is not our turn to say that."""
        after = self.next_state(thread, said, _TURNS)
        # Who will not confirm what we show has nothing more to say.
        confirms = not (after == "presentation-sent" and thread.data["request"].get("will_confirm") is not True)
        state = replace(thread, state=after if confirms else "done", data={**thread.data, **data})
        return replace(self.moved(state, said, expires_time), closed=not confirms)

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Take a message of the peer. Raises UnsupportedMessage, OutOfOrder, InvalidBody, AttachmentTooBig."""
        taken = {
            "propose-presentation": self._proposed,
            "request-presentation": self._requested,
            "presentation": self._presented,
            "ack": self._acknowledged,
            "problem-report": self.reported,
        }.get(received.message.name.replace("_", "-"))
        if taken is None:
            raise UnsupportedMessage("present-proof knows no such message")
        return taken(thread, read(received.message, self.version), received)

    def _proposed(self, thread: ThreadState | None, said: Said, _received: Received) -> Transition:
        """To us as verifier; somebody has to look at it."""
        require_state(thread, VERIFIER, None, "request-sent", "proposal-received")
        known = dict(thread.data) if thread else {}
        return Transition(ThreadState(VERIFIER, "proposal-received", {**known, "proposal": told(said)}))

    def _requested(self, thread: ThreadState | None, said: Said, received: Received) -> Transition:
        """To us as prover; somebody has to say what is shown."""
        require_state(thread, PROVER, None, "proposal-sent", "request-received")
        require_attached(said)
        request = {**told(said), "will_confirm": received.message.body.get("will_confirm") is True}
        ends = {"expires_time": received.message.expires_time} if received.message.expires_time else {}
        return Transition(ThreadState(PROVER, "request-received", {"request": {**request, **ends}}))

    def _presented(self, thread: ThreadState | None, said: Said, _received: Received) -> Transition:
        thread = require_state(thread, VERIFIER, "request-sent")
        require_attached(said)
        return Transition(replace(thread, state="presentation-received"), ask=PresentationReceived(said, thread.data))

    def _acknowledged(self, thread: ThreadState | None, _said: Said, _received: Received) -> Transition:
        thread = require_state(thread, PROVER, "presentation-sent")
        return Transition(replace(thread, state="done"), closed=True)

    def answered(self, thread: ThreadState, _question: PresentationReceived, answer: Verified | Declined) -> Transition:
        """Go on with what the agent found of a presentation."""
        if isinstance(answer, Declined):
            ended = self.abandon(thread, answer.comment)
            return replace(ended, state=replace(ended.state, data={**thread.data, **ended.state.data}))
        done = ThreadState(VERIFIER, "done", {**thread.data, **answer.known})
        return replace(self.moved(done, Said("ack")), closed=True)
