"""The contract of a DIDComm protocol: what was received in which state leads to which state, with what to send.

A protocol never waits and knows no peer, no key and no clock; the agent stores the state, packs and sends.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

from protocols.didcomm.envelope import Received
from protocols.errors import ProtocolError


class UnsupportedMessage(ProtocolError):
    """The message is of a type that is not supported here."""

    code = "e.p.msg.unsupported"


class OutOfOrder(ProtocolError):
    """The message does not belong into this state of its thread."""

    code = "e.p.msg.out-of-order"


class InvalidBody(ProtocolError):
    """The body of the message is not of the form that its type demands."""

    code = "e.p.msg.invalid-body"


@dataclass(frozen=True, slots=True)
class ThreadState:
    """Where one run of a protocol stands, in the protocol's own words; `data` is what it wants to know again."""

    role: str
    state: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send to the peer in the same thread, or in one below it; the agent gives id, addresses and time.

    `pthid` is the parent that it names again, where the thread's first message does so anyway; `expires_time` in
    seconds since 1970.
    """

    type: str
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[Mapping[str, Any], ...] = ()
    apart: bool = False
    pthid: str = ""
    expires_time: int | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """The new state of the thread, what to send, and whether the protocol has come to its end.

    `ask` is a question that only the agent can answer (a keylist to keep, a credential to issue): it finds the answer
    and calls `answered`, whose transition counts.
    """

    state: ThreadState
    send: tuple[Outgoing, ...] = ()
    closed: bool = False
    ask: Any = None


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that we can do, as discover-features tells it: a protocol with our roles, a header, a constraint."""

    type: str
    id: str
    roles: tuple[str, ...] = ()
    value: str = ""


class DidcommProtocol(Protocol):
    """One protocol with one major version; found by the Protocol Identifier URI of a message's type."""

    identifier: ClassVar[str]
    """Protocol Identifier URI with the newest minor version that we speak."""

    roles: ClassVar[tuple[str, ...]]
    """The roles that we can take."""

    versions: ClassVar[frozenset[int]]
    """The DIDComm versions whose envelopes may carry it."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """Start a run of our own. Raises InvalidBody."""

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Take a message of an authenticated sender; `thread` is None for the first one of a thread.

        Raises UnsupportedMessage, OutOfOrder, InvalidBody; the thread then stays as it was.
        """


@runtime_checkable
class Abandonable(Protocol):
    """A protocol whose runs can end before their goal."""

    identifier: ClassVar[str]

    def over(self, thread: ThreadState) -> bool:
        """Whether nothing more comes of a thread."""

    def abandon(self, thread: ThreadState, comment: str = "") -> Transition:
        """We end it, and tell the peer."""

    def abandoned_by_peer(self, thread: ThreadState, code: str) -> Transition:
        """The peer has ended it, with a problem's code."""


class Asks(Protocol):
    """A protocol whose transitions ask. One that is for connections alone says `acquainted = True`."""

    def answered(self, thread: ThreadState, question: Any, answer: Any) -> Transition:
        """Go on from the transition that asked, with what the agent found."""
