"""The tenant's own DIDs that we host, their logs, and what peers' short DIDs stand for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from agent.scope.tenants import SigningKey
from protocols.ports import LogEntry


@dataclass(frozen=True, slots=True)
class HostedDid:
    """A DID of the tenant with its log: the lines published, and the entry that still waits for its witnesses.

    `proofs` are the witnesses', by version number; `version` is the row's, for compare-and-set.
    """

    id: UUID
    did: str
    method: str
    place: str
    status: str
    serves_web: bool
    version: int
    created_at: datetime
    lines: tuple[str, ...] = ()
    document: Mapping[str, Any] | None = None
    pending: str | None = None
    proofs: Mapping[int, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewDid:
    """A DID about to be stored, with its log's keys and first entry, published at once or waiting for witnesses."""

    id: UUID
    method: str
    place: str
    serves_web: bool
    entry: LogEntry
    keys: tuple[SigningKey, ...]


@dataclass(frozen=True, slots=True)
class DidStep:
    """The next entry of a DID's log, published at once or waiting for witnesses; new keys, and those that are spent."""

    before: HostedDid
    entry: LogEntry
    published: bool
    keys: tuple[SigningKey, ...] = ()
    spent: tuple[SigningKey, ...] = ()
    approval: tuple[str, Mapping[str, Any]] | None = None


class Dids(Protocol):
    """`unit.dids`."""

    async def add(self, new: NewDid) -> None:
        """Insert. Raises Conflict when the place is taken."""

    async def settle(self, step: DidStep) -> None:
        """Store a step whole. Raises Conflict when the DID moved on."""

    async def all(self) -> Sequence[HostedDid]:
        """Every hosted DID, without logs, oldest first."""

    async def get(self, did_id: UUID) -> HostedDid | None:
        """One with its log."""

    async def at(self, place: str) -> HostedDid | None:
        """The one at a place below the tenant's base URL, with its log."""

    async def keys(self, did_id: UUID) -> Mapping[str, SigningKey]:
        """The keys of a DID's log that are not spent, by Multikey."""

    async def add_key(self, key: SigningKey) -> None:
        """A key of the tenant's own. Raises Conflict when the purpose has one."""

    async def remember(self, row: UUID, short: str, long: str) -> None:
        """Keep the long form of a peer's DID; a form that is known already stays as it is."""

    async def long_form(self, short: str) -> str | None:
        """The long form that was seen."""
