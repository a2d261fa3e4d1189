"""Status lists as values, and the contract of their repository."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from agent.scope.tenants import StatusRegistry
from protocols.ports import StatusMechanism

VALID, REVOKED, SUSPENDED = 0, 1, 2
"""Values of a place (draft-ietf-oauth-status-list, 7.1)."""


@dataclass(frozen=True, slots=True)
class StatusPlace:
    """One entry of a status list, handed out once: the list, the index, and the block it came from."""

    registry: StatusRegistry
    index: int
    block: int


@dataclass(frozen=True, slots=True)
class StatusChange:
    """From one of some states to another: the word in the credential's row and the value in its list.

    Where a credential has a list for the `purpose` alone, that one says yes or no.
    """

    before: tuple[str, ...]
    after: str
    value: int
    purpose: str


REVOKE = StatusChange(("active", "suspended"), "revoked", REVOKED, "revocation")
SUSPEND = StatusChange(("active",), "suspended", SUSPENDED, "suspension")
REINSTATE = StatusChange(("suspended",), "active", VALID, "suspension")


class CannotSay(ValueError):
    """A credential's status list has no value for the new state."""


@dataclass(frozen=True, slots=True)
class PublishedToken:
    """A list token that was published: the version of the list it says, and until when it holds."""

    token: bytes
    media_type: str
    version: int
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SecuredCredential:
    """A credential that a caller wrote and the tenant secured, as it is kept for its places in status lists."""

    id: UUID
    credential_id: str
    type: str
    format: str
    issuer: str
    issuer_id: UUID
    issued_at: datetime
    expires_at: datetime | None
    places: tuple[StatusPlace, ...]


@dataclass(frozen=True, slots=True)
class CredentialListing:
    """An issued credential as its tenant sees it."""

    id: UUID
    type: str
    format: str
    status: str
    issued_at: datetime
    expires_at: datetime | None


class StatusLists(Protocol):
    """Places in status lists, their bits, and what was published of them."""

    async def take_block(self, registry: StatusRegistry, taken_by: str) -> tuple[int, int, int] | None:
        """(block number, first place, size) of a fresh block; None when the list is full."""

    async def open(self, like: StatusRegistry) -> StatusRegistry | None:
        """The newest list of this one's kind that takes credentials."""

    async def begin(self, issuer: UUID, registry: StatusRegistry) -> None:
        """The first list of a kind, empty. Raises Conflict when another request opened one at this address."""

    async def succeed(self, full: StatusRegistry, following: UUID, uri: str, permutation_key: bytes) -> bool:
        """Close a full list and open an empty one like it; False when another process did."""

    async def last_number(self) -> int:
        """The greatest number in the addresses of the tenant's lists, retired ones too; nought without any."""

    async def find(self, uri: str) -> StatusRegistry | None:
        """The list with this address, open or full."""

    async def uris(self) -> Sequence[str]:
        """The addresses of all lists that are not retired."""

    async def change(
        self, named: Sequence[UUID], change: StatusChange, mechanisms: Mapping[str, StatusMechanism], reason: str
    ) -> tuple[Mapping[UUID, str], Sequence[str]]:
        """Change credentials, or all of an issuance, in rows and lists: (types by id, list addresses) of what changed.

        Raises CannotSay, and nothing has happened.
        """

    async def say(
        self, credential: UUID, purpose: str, value: int, mechanisms: Mapping[str, StatusMechanism], reason: str
    ) -> str | None:
        """Set what the list of one purpose says of a credential: its address; None for one that is in no such list.

        Raises CannotSay.
        """

    async def register(self, credential: SecuredCredential) -> None:
        """Keep a credential that did not come of an issuance. Raises Conflict when its id is taken."""

    async def named(self, credential_id: str) -> UUID | None:
        """The issued credential of this id."""

    async def exists(self, named: Sequence[UUID]) -> bool:
        """Whether one of these is an issued credential, or an issuance with one."""

    async def credentials(self, after: UUID, limit: int) -> Sequence[CredentialListing]:
        """A page of issued credentials, by id."""

    async def byte(self, uri: str, index: int) -> tuple[str, str, int, bytes] | None:
        """(mechanism, purpose, bits a place, the byte that holds the entry); None without such a list."""

    async def bits(self, registry: UUID) -> tuple[bytes, int]:
        """The packed list and its version."""

    async def version(self, registry: UUID) -> int:
        """The list's version, which every change raises."""

    async def flip_decoys(
        self, registry: StatusRegistry, mechanism: StatusMechanism, places: Mapping[int, int]
    ) -> None:
        """Write values at indexes that belong to nobody."""

    async def decoys(self, registry: UUID) -> Sequence[tuple[int, int]]:
        """(first place, size) of each block that belongs to nobody."""

    async def publish(self, registry: UUID, token: PublishedToken) -> None:
        """Keep a token, and forget those past their end."""

    async def published(self, registry: UUID, media_type: str, at: datetime | None) -> PublishedToken | None:
        """The token of the newest content, or the one that was in force at a time."""


@dataclass(frozen=True, slots=True)
class StatusToken:
    """A Status List Token as it was fetched; `digest` is its SHA-256."""

    digest: bytes
    uri: str
    media_type: str
    token: bytes
    issued_at: datetime


class StatusEvidence(Protocol):
    """Tokens that decided about presentations."""

    async def keep(self, token: StatusToken) -> None: ...

    async def find(self, digests: Sequence[bytes]) -> Sequence[StatusToken]: ...

    async def needless(self) -> int:
        """How many are of a time of which no report is left: not in the database, and not in the archive."""

    async def forget(self) -> int:
        """Delete those; how many."""
