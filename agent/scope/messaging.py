"""DIDComm conversations: threads with their protocol's state, messages handled once, and what is still to be sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from agent.scope.tenants import SigningKey
from protocols.didcomm.message import Message
from protocols.didcomm.protocol import ThreadState
from protocols.errors import ProtocolError


class Replayed(ProtocolError):
    """The message was received before."""

    code = "e.p.msg.replayed"
    status = 409


class Undeliverable(ProtocolError):
    """The message cannot be delivered to its addressee."""

    code = "undeliverable"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the tenant is in DIDComm: its DID, its document, and its agreement keys by absolute key id."""

    did: str
    document: Mapping[str, Any]
    agreement: Mapping[str, SigningKey]


@dataclass(frozen=True, slots=True)
class Thread:
    """One run of one protocol with one peer. `version` is None until it is stored; `state` is None until then too."""

    id: UUID
    peer: str
    thid: str
    protocol: str
    state: ThreadState | None = None
    version: int | None = None
    pthid: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A message of ours: its row, the plaintext, and whether it goes back on the connection that it answers."""

    id: UUID
    message: Message
    returned: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What one message (or we) made of a thread: the row's new state, the message taken, those written."""

    thread: Thread
    state: ThreadState
    closed: bool
    taken: tuple[UUID, Message] | None = None
    written: tuple[Written, ...] = field(default=())


class Conversations(Protocol):
    """`unit.conversations`."""

    async def thread(self, peer: str, thid: str, protocol: str) -> Thread | None:
        """The thread that the peer and we call `thid`; another peer's thread of that name is another thread."""

    async def settle(self, step: Step) -> None:
        """Store a step whole. Raises Replayed for a message taken before, Conflict when the thread moved on."""

    async def outgoing(self, message: UUID) -> Message | None:
        """A message of ours that is queued, None when it is sent, failed or gone."""

    async def sent(self, message: UUID, delivered: bool) -> UUID:
        """Mark a queued message as sent, or as failed for good; its thread. Raises Conflict when it is not queued."""
