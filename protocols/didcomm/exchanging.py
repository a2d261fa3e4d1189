"""What Issue Credential and Present Proof have in common: turns, attachments, and an end before the goal."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from protocols.didcomm.attached import Said, write
from protocols.didcomm.envelope import Received
from protocols.didcomm.protocol import InvalidBody, OutOfOrder, ThreadState, Transition


@dataclass(frozen=True, slots=True)
class Declined:
    """It comes to nothing; `comment` is what the peer may read of it."""

    comment: str = ""


class Exchange:
    """A protocol of messages with attachments, in which each message has its turn."""

    identifier: ClassVar[str]
    version: ClassVar[int]
    abandonment: ClassVar[str]
    """The code of the report that ends it."""
    acquainted: ClassVar[bool] = True
    """Spoken with connections alone."""

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def over(self, thread: ThreadState) -> bool:
        """Whether nothing more comes of a thread."""
        return thread.state in ("done", "abandoned")

    def abandon(self, thread: ThreadState, comment: str = "") -> Transition:
        """We end it, and say so."""
        report = Said("problem-report", code=self.abandonment, comment=comment)
        state = ThreadState(thread.role, "abandoned", {"comment": comment} if comment else {})
        return replace(self.moved(state, report), closed=True)

    def abandoned_by_peer(self, thread: ThreadState, code: str) -> Transition:
        """The peer has ended it: both sides are at the end of it, whatever the code."""
        return Transition(ThreadState(thread.role, "abandoned", {"code": code}), closed=True)

    def next_state(self, thread: ThreadState, said: Said, after: Mapping[tuple[str, str], str]) -> str:
        """Where our own message leads from here. Raises OutOfOrder when it is not our turn to say that."""
        found = after.get((thread.state, said.name))
        if found is None:
            raise OutOfOrder(f"{said.name} in {thread.state}")
        return found

    def reported(self, thread: ThreadState | None, said: Said, _received: Received) -> Transition:
        """The peer's own report. Raises OutOfOrder."""
        if thread is None or self.over(thread):
            raise OutOfOrder("nothing goes on here")
        return self.abandoned_by_peer(thread, said.code)

    def moved(self, state: ThreadState, said: Said, expires_time: int | None = None) -> Transition:
        """To a state of the thread, with a message that says so."""
        return Transition(state, (replace(write(self.identifier, said, self.version), expires_time=expires_time),))


def require_state(thread: ThreadState | None, role: str, *states: str | None) -> ThreadState:
    """The thread in this role and one of these states, None for one that begins. Raises OutOfOrder."""
    if thread is None and None in states:
        return ThreadState(role, "")
    if thread is None or thread.role != role or thread.state not in states:
        raise OutOfOrder("not in this state of the thread")
    return thread


def require_attached(said: Said) -> None:
    """Attachments are one thing in several formats: the agent takes the first that it knows. Raises InvalidBody."""
    if not said.attached:
        raise InvalidBody("nothing is attached")


def told(said: Said) -> dict[str, Any]:
    """What somebody has to look at."""
    attached = [{"format": one.format, "content": dict(one.content)} for one in said.attached]
    told = {
        "attached": attached,
        "comment": said.comment,
        "goal_code": said.goal_code,
        "preview": dict(said.preview),
        "appended": {id_: dict(one) for id_, one in said.appended.items()},
    }
    return {name: value for name, value in told.items() if value}
