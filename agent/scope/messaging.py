"""DIDComm conversations: threads with their protocol's state, messages handled once, and what is still to be sent."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from agent.scope.connections import Connection
from agent.scope.tenants import SigningKey
from protocols.did import peer
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
    """Who the tenant is to a peer: a DID, its document, agreement and authentication keys by absolute key id.

    `own` is the row of a DID made for a relationship, None for the tenant's public one.
    """

    did: str
    document: Mapping[str, Any]
    agreement: Mapping[str, SigningKey]
    authentication: Mapping[str, SigningKey] = field(default_factory=dict)
    own: UUID | None = None


def party_of(connection: UUID | None, did: str) -> str:
    """Whose a thread or message is: of a connection even when its DIDs rotate, otherwise of a DID in its short form."""
    return f"connection:{connection}" if connection else peer.short_form(did)


@dataclass(frozen=True, slots=True)
class Thread:
    """One run of one protocol with one peer, on a connection where there is one.

    `version` is None until it is stored; `state` is None until then too. A transient one is never stored. `issuance`
    is what it is about: whoever erases that person erases it.
    """

    id: UUID
    peer: str
    thid: str
    protocol: str
    state: ThreadState | None = None
    version: int | None = None
    pthid: str = ""
    connection: UUID | None = None
    transient: bool = False
    issuance: UUID | None = None

    @property
    def party(self) -> str:
        """Whose thread it is."""
        return party_of(self.connection, self.peer)


@dataclass(frozen=True, slots=True)
class Written:
    """A message of ours: its row, the plaintext, and whether it goes back on the connection that it answers.

    One that goes back waits for `sent` as every other, but in no outbox: it is owed to whom it answers.
    """

    id: UUID
    message: Message
    returned: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What one message (or we) made of a thread: the row's new state, the message taken, those written.

    `connections` are stored with it, new ones and changed ones; `effects` run in the same transaction.
    """

    thread: Thread
    state: ThreadState
    closed: bool
    taken: tuple[UUID, Message] | None = None
    written: tuple[Written, ...] = field(default=())
    connections: tuple[Connection, ...] = ()
    effects: tuple[Callable[[Any], Awaitable[None]], ...] = ()


@dataclass(frozen=True, slots=True)
class Queued:
    """A message of ours that waits to be sent, as it was written; the DIDComm version that its connection speaks, and
    who the two are by now. `their_did` is empty without a connection."""

    message: Message
    version: int
    connection: UUID | None
    own_did: UUID | None = None
    their_did: str = ""


class Conversations(Protocol):
    """`unit.conversations`."""

    async def thread(self, wanted: Thread) -> Thread:
        """The stored thread of this party, `thid` and protocol, or `wanted` itself when there is none.

        Another peer's thread of that name is another thread.
        """

    async def get(self, thread: UUID) -> Thread | None:
        """A stored thread by its id; `peer` is empty, and to be had of its connection."""

    async def about(self, named: Sequence[UUID]) -> Sequence[tuple[UUID, Thread]]:
        """Issued credentials among these (or of these issuances), each with the thread in which it went out."""

    async def settle(self, step: Step) -> None:
        """Store a step whole. Raises Replayed for a message taken before, Conflict when the thread moved on."""

    async def outgoing(self, message: UUID) -> Queued | None:
        """A message of ours that is queued, None when it is sent, failed or gone."""

    async def taken(self, party: str, ids: Sequence[str]) -> frozenset[str]:
        """Which messages of a party were handled."""

    async def acknowledge(self, party: str, ids: Sequence[str]) -> int:
        """The party has these messages of ours; how many were news."""

    async def owed(self, party: str, message_id: str) -> Message | None:
        """What was to go back on the connection of this message of a party and has not gone; None when nothing is."""

    async def release(self, party: str, message_id: str) -> None:
        """What is owed for this message leaves through the outbox instead. Raises Conflict when nothing is."""

    async def sent(self, message: UUID, delivered: bool) -> UUID:
        """Mark a queued message as sent, or as failed for good; its thread. Raises Conflict when it is not queued."""
