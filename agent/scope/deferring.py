"""Deferred issuance, policies and uploaded claims as values, and the contracts of their repositories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from agent.scope.issuing import Authorized
from agent.scope.tenants import IssuancePolicy


@dataclass(frozen=True, slots=True)
class KeptRequest:
    """What a wallet asked for: fixed when it asked. Sealed under the person's key when stored.

    `holders` are the proved keys as `{"jwk", "kid"}`, None for a credential of nobody; `encryption_key` is the JWK
    that the answer was to be encrypted to; `claims` are None until they are found.
    """

    holders: tuple[Mapping[str, Any] | None, ...]
    encryption_key: Mapping[str, Any] | None
    claims: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class NewDeferral:
    """A request about to be deferred."""

    id: UUID
    issuance: Authorized
    configuration_id: UUID
    transaction_hash: bytes
    request: KeptRequest
    waiting_for: tuple[str, ...]
    interval: int
    expires_at: datetime
    policy_id: UUID | None
    approval_id: UUID | None


@dataclass(frozen=True, slots=True)
class Deferral:
    """A deferred request that can still be answered; `approved` by somebody who looked at it."""

    id: UUID
    configuration_id: UUID
    request: KeptRequest
    interval: int
    approved: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A deferred request that was denied."""


@dataclass(frozen=True, slots=True)
class TooEarly:
    """The interval (seconds) has not passed."""

    interval: int


@dataclass(frozen=True, slots=True)
class DeferralListing:
    """A deferred request as its tenant sees it."""

    id: UUID
    issuance_id: UUID
    credential_configuration_id: str
    state: str
    waiting_for: tuple[str, ...]
    reason: str | None
    created_at: datetime
    expires_at: datetime
    subject_key_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class EvidenceAsked:
    """A presentation request that a version of an issuance policy made."""

    request_id: UUID
    policy_id: UUID


class Evidence(Protocol):
    """`unit.evidence`: which presentation requests were made for a sign-in, or for an issuance."""

    async def ask(self, request: UUID, policy: UUID, session: UUID | None, issuance: UUID | None) -> None:
        """Of one of the two."""

    async def of_session(self, session: UUID) -> Sequence[EvidenceAsked]:
        """Newest first."""

    async def of_issuance(self, issuance: UUID) -> Sequence[EvidenceAsked]:
        """Newest first."""

    async def adopt(self, session: UUID, issuance: UUID) -> None:
        """What was a sign-in's is an issuance's from now on."""


class Deferrals(Protocol):
    """`unit.deferrals`: each step is atomic."""

    async def add(self, new: NewDeferral) -> None:
        """Insert, and move the issuance on. Raises Conflict when it moved, or there is an open one already."""

    async def of(self, issuance: Authorized, configuration: UUID) -> Deferral | Refused | None:
        """The open one of an issuance and configuration, locked until the unit ends."""

    async def poll(self, issuance: Authorized, transaction_hash: bytes) -> Deferral | Refused | TooEarly | None:
        """The one that a wallet comes back for, the time noted; None when there is none (any more)."""

    async def keep(
        self, deferral: Deferral, issuance: Authorized, claims: Mapping[str, Any] | None, waiting_for: tuple[str, ...]
    ) -> None:
        """What is known by now; an approval that came in between keeps its own."""

    async def close(self, deferral: Deferral) -> None:
        """It is delivered: keys and claims go, and its transaction_id is good no more."""

    async def decide(self, issuance: UUID, policy: UUID) -> None:
        """Note which version of a policy decided."""

    async def within(self, issuance: Authorized, configuration: UUID, policy: IssuancePolicy, now: datetime) -> bool:
        """Whether the person may have one more; whoever asks for the same person waits until the unit ends."""

    async def listed(self, after: UUID, limit: int) -> Sequence[DeferralListing]:
        """A page of those that wait, by id."""

    async def get(self, deferral: UUID) -> tuple[DeferralListing, KeptRequest] | None:
        """One with its request, locked until the unit ends; the request is empty once it is delivered or denied."""

    async def approve(self, deferral: UUID, request: KeptRequest) -> bool:
        """Approve what waits, with these claims; False when it does not wait."""

    async def deny(self, deferral: UUID, reason: str) -> UUID | None:
        """Deny what waits: its issuance, None when it does not wait."""

    async def pay(self, issuance: UUID) -> bool:
        """Record a payment, once; False when there is no such issuance."""


@dataclass(frozen=True, slots=True)
class Account:
    """What an account says of its person: the tenant's own name for them, by which records are found, and claims."""

    external_id: str | None
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NewRecord:
    """One row of an uploaded table; the key would be the person's if there is none yet."""

    subject: str
    subject_key_id: UUID
    claims: Mapping[str, Any]


class ClaimRecords(Protocol):
    """`unit.claim_records`: claims that the tenant uploaded, sealed under each person's key."""

    async def put(self, table: str, records: Sequence[NewRecord]) -> None:
        """Insert or replace."""

    async def remove(self, table: str) -> int:
        """Forget a table; how many rows it had."""

    async def of_issuance(self, table: str, subject_key_id: UUID) -> Mapping[str, Any] | None:
        """The record of the person that an offer was made for."""

    async def of_subject(self, table: str, subject: str) -> Mapping[str, Any] | None:
        """The record of a person by the tenant's own name for them."""

    async def newest(self, table: str, limit: int) -> Sequence[tuple[UUID, Mapping[str, Any]]]:
        """(key of the person, claims) of those loaded last, opened: who asks has it on record."""


@dataclass(frozen=True, slots=True)
class NewPolicy:
    """A version of a policy about to be activated; the one before retires."""

    id: UUID
    issuer_id: UUID
    name: str
    claims: Mapping[str, Any] | None
    max_active: int | None
    cool_down: timedelta | None
    approval: bool
    interval: int
    evidence: Mapping[str, Any] | None
    """Members of `RequiredEvidence`, as JSON."""
    fee: Mapping[str, Any] | None
    """`{"amount", "currency", "gate": {"kind", "settings"}, "refuse"}`"""


class IssuancePolicies(Protocol):
    """`unit.issuance_policies`."""

    async def activate(self, policy: NewPolicy) -> int:
        """The version that it became. Raises Conflict when another was first."""

    async def all(self) -> Sequence[IssuancePolicy]:
        """Those that are active, by name."""
