"""Issuance as values, one for each state a peer can meet, and the contracts of its repositories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from agent.scope.authorizing import Mark, NewToken
from agent.scope.status import StatusPlace

TX_CODE_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class NewIssuance:
    """An offer about to be stored; codes as SHA-256 only, claims sealed under the subject's key by the repository.

    Without a hash of offer or code it is taken by no way but the one that made it (`grant_type`). `subject` is the
    tenant's own name for the person, or None: then the issuance is a subject of its own.
    """

    id: UUID
    issuer_id: UUID
    credential_configuration_ids: tuple[str, ...]
    claims: Mapping[str, Any] | None
    subject: str | None
    subject_key_id: UUID
    grant_type: str
    expires_at: datetime
    offer_hash: bytes | None = None
    code_hash: bytes | None = None
    issuer_state_hash: bytes | None = None
    tx_code_mac: bytes | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer; `open` while it can still be taken."""

    id: UUID
    credential_configuration_ids: tuple[str, ...]
    grant_type: str
    needs_tx_code: bool
    open: bool


@dataclass(frozen=True, slots=True)
class SeenCode:
    """A pre-authorized code that is or was good: for which issuance, and how far that came."""

    issuance: UUID
    state: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a code: what the offer's transaction code is, and how many tries there were with this one."""

    id: UUID
    tx_code_mac: bytes | None
    attempts: int
    version: int


@dataclass(frozen=True, slots=True)
class Authorized:
    """An issuance whose access token was presented."""

    id: UUID
    credential_configuration_ids: tuple[str, ...]
    claims: Mapping[str, Any]
    subject_key_id: UUID | None
    issued: frozenset[UUID]
    credentials_issued: int
    version: int
    grant_type: str = "pre-authorized_code"
    user_id: UUID | None = None
    dpop_thumbprint: bytes | None = None
    certificate_thumbprint: bytes | None = None
    by_identifier: bool = False
    paid: bool = False
    deferred: bool = False
    claims_given: bool = True
    """Whether the claims came with the offer, and not from an account."""


@dataclass(frozen=True, slots=True)
class Notified:
    """An issuance that a notification was recorded for, and what its token is bound to."""

    id: UUID
    dpop_thumbprint: bytes | None
    certificate_thumbprint: bytes | None


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """A credential about to be recorded, with its places in status lists. The credential itself is not kept."""

    id: UUID
    type: str
    type_id: UUID
    configuration_id: UUID
    format: str
    issuer_identifier: str
    issuer_id: UUID
    holder_key: str | None
    places: tuple[StatusPlace, ...]
    issued_at: datetime
    expires_at: datetime | None
    tags: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an answered Credential Request changes: who loses the race to it has sent nothing."""

    issuance: Authorized
    credentials: Sequence[IssuedCredential]
    notification_hash: bytes
    finished: bool
    nonces: Sequence[tuple[bytes, datetime]] = field(default=())
    marks: Sequence[Mark] = field(default=())


@dataclass(frozen=True, slots=True)
class IssuanceListing:
    """An issuance as its tenant sees it."""

    id: UUID
    state: str
    credential_configuration_ids: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    notified_event: str | None
    credentials: tuple[UUID, ...] = ()


class Issuances(Protocol):
    """Offers and what follows."""

    async def add(self, issuance: NewIssuance) -> None: ...

    async def offered(self, offer_hash: bytes) -> Offered | None:
        """The offer behind a credential_offer_uri, as long as anything is known of it."""

    async def cancel(self, issuance: UUID) -> bool:
        """End an offer that nothing was issued of, with its tokens; False when there is none."""

    async def by_code(self, code_hash: bytes) -> SeenCode | None:
        """What a pre-authorized code is or was for."""

    async def take(self, code_hash: bytes, token: NewToken) -> UUID | None:
        """Spend a code that asks for no transaction code; None when there is no such code any more."""

    async def attempt(self, code_hash: bytes) -> Attempt | None:
        """Count a try at a pre-authorized code; the row stays locked until the unit ends."""

    async def fail(self, attempt: Attempt) -> None:
        """End the issuance: too many wrong transaction codes."""

    async def authorize(self, attempt: Attempt, token: NewToken) -> None:
        """Spend the code for a token. Raises Conflict when another request was first."""

    async def authorized(self, token_hash: bytes) -> Authorized | None:
        """The issuance behind a living token."""

    async def waiting(self, token_hash: bytes) -> Authorized | None:
        """The same; a token that is bound to a key or certificate lives on for what was deferred under it."""

    async def begun(self, issuance: UUID) -> Authorized | None:
        """An issuance that nothing was issued of yet, with or without a token."""

    async def settle(self, settlement: Settlement) -> None:
        """Record credentials, spend nonces, move the state on. Raises Conflict or InvalidNonce: nothing happened."""

    async def notified(self, token_hash: bytes, notification_hash: bytes, event: str) -> Notified | None:
        """Record what the wallet says; None when token or id are unknown."""

    async def knows_token(self, token_hash: bytes) -> bool:
        """Whether a living token has this hash."""

    async def get(self, issuance: UUID) -> IssuanceListing | None: ...
