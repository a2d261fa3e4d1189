"""Two envelopes, one core: what receiving and delivering ask of a DIDComm version.

Message model, threads, protocols and storage do not know which version carried a message; they meet the versions here.
"""

from dataclasses import dataclass
from typing import Protocol

from agent.scope import Scope
from agent.scope.connections import Connection
from agent.scope.messaging import Identity, party_of
from agent.scope.sessions import Session
from protocols.didcomm.envelope import Received
from protocols.didcomm.message import Message
from protocols.didcomm.routing import Endpoint


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that was opened: which of our identities it is for, and whose connection it belongs to, if any.

    `session` is the connection that it came on, None where nothing can go back: a mediator held it, say.
    """

    received: Received
    identity: Identity
    version: int
    connection: Connection | None = None
    session: Session | None = None

    @property
    def party(self) -> str:
        """Whose message it is."""
        return party_of(self.connection.id if self.connection else None, self.received.sender)


class Envelopes(Protocol):
    """One DIDComm version on the wire. Waits for key stores and resolvers."""

    version: int
    media_type: str
    media_types: frozenset[str]
    """What is taken at the door, the one that we send among them."""

    def fits(self, octets: bytes) -> bool:
        """Whether the octets look like this version's envelope; nothing of them is believed."""

    async def open(self, scope: Scope, octets: bytes) -> Arrival:
        """Open every layer; `received.sender` is the DID that authenticated, empty when there is none.

        Raises CannotOpen, the same for every cause, Inconsistent, KeyStoreUnavailable.
        """

    async def pack(
        self, scope: Scope, identity: Identity, message: Message, connection: Connection | None = None
    ) -> bytes:
        """An envelope for the addressee alone; `connection` is the one that is being made, and is not
        stored yet. Raises Undeliverable, DidNotFound."""

    async def endpoints(self, scope: Scope, message: Message) -> tuple[Endpoint, ...]:
        """Where the addressee takes messages, best first. Raises DidNotFound."""

    async def wrap(self, scope: Scope, endpoint: Endpoint, message: Message, packed: bytes) -> tuple[str, bytes]:
        """The address to send to, and the envelope wrapped for the mediators of the endpoint. Raises Undeliverable."""
