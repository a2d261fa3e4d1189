"""DIDComm relationships: DIDs of ours made for them, and connections with peers, whichever version carries them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from protocols.ports import KeyHandle
from protocols.ports.keys import Jwk


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key of a DID of ours: where it is kept, its public JWK, the relationships that the document lists it in."""

    handle: KeyHandle
    jwk: Jwk
    relationships: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnDid:
    """A DID of ours (long form) made for a relationship or an invitation; keys by fragment."""

    id: UUID
    did: str
    keys: Mapping[str, OwnKey]
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Connection:
    """A relationship with one peer, or an invitation that nobody has taken yet (state "invited").

    `version` is the DIDComm version whose envelopes carry it; `own_did` None means the tenant's public DID. States are
    those of the table; `data` is what the protocol that makes the connection wants to know again; `policy` holds
    what the operator allows ("auto_accept", "goal_code"). `row_version` is None until it is stored.
    """

    id: UUID
    version: int
    protocol: str
    state: str
    own_did: UUID | None = None
    their_did: str = ""
    label: str = ""
    invitation_id: str = ""
    invitation: Mapping[str, Any] = field(default_factory=dict)
    multi_use: bool = False
    policy: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    expires: datetime | None = None
    created: datetime | None = None
    row_version: int | None = None


class Connections(Protocol):
    """`unit.connections`. DIDs are compared in their short forms; names of keys as they are spelled."""

    async def add_own_did(self, own: OwnDid, names: tuple[str, ...] = ()) -> None:
        """Store a DID of ours; it is found by itself in both forms and by further `names` (base58 keys of v1)."""

    async def own_did(self, name: str) -> OwnDid | None:
        """A DID of ours by long or short form or another name."""

    async def own_did_by_id(self, row: UUID) -> OwnDid:
        """A DID of ours by its row."""

    async def retire_own_did(self, row: UUID) -> None:
        """The DID is used no more, if no other connection or invitation uses it."""

    async def add(self, connection: Connection) -> None:
        """Store a new one. Raises Conflict when there is one between the same two DIDs."""

    async def settle(self, connection: Connection) -> None:
        """Store what became of it, if its row is what `row_version` says. Raises Conflict."""

    async def get(self, row: UUID) -> Connection | None:
        """By its id."""

    async def between(self, own_did: UUID | None, their_did: str) -> Connection | None:
        """By both DIDs."""

    async def with_peer(self, their_did: str) -> list[Connection]:
        """By the peer's DID, whichever DID of ours it knows."""

    async def named(self, name: str) -> list[Connection]:
        """By a key or a former DID of the peer."""

    async def name(self, connection: UUID, kind: str, name: str) -> None:
        """Note a further name of the peer: "key" or "former_did"."""

    async def using(self, own_did: UUID | None) -> list[Connection]:
        """Those that a DID of ours is for, the oldest first, sixteen at most."""

    async def invited(self, invitation_id: str) -> Connection | None:
        """The invitation of ours by its message id, taken or not."""

    async def listing(self, after: UUID | None, limit: int) -> list[Connection]:
        """Newest first."""
