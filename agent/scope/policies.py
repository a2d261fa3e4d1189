"""Verification policies as values, and the contract of their repository."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from uuid import UUID

DEFAULT = "default"
"""The policy of requests that name none, where a tenant has one of this name."""
Revocation = Literal["mandatory", "if_present", "best_effort", "off"]
Keep = Literal["presentation", "claims"]
LegalBasis = Literal[
    "consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests"
]
"""GDPR, article 6."""
PURPOSE = "verification"
LEGAL_BASIS: LegalBasis = "consent"


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """What a verifier accepts; an empty rule accepts everything.

    `types`, `formats` and `algorithms` (of the issuer's key, in JOSE's names) are those accepted, `claims` those that
    have to be disclosed, in plain words; `max_age_days` since the credential was issued; `trust_list` the identifiers
    of the tenant's anchors that issuers may be believed by. `revocation`: a status has to be there, unless the
    credential lives no longer than `short_lived_hours`, and to be found out; has to be found out if it is there; is a
    warning when it cannot be; or is not asked for; what is revoked is refused unless it is off. `schemas` are JSON
    Schemas by type, which disclosed claims have to fit. `certificates` says the same of the certificates by which an
    issuer's key is believed, whose status is their authority's revocation list. `credential_schemas` says likewise of
    the schema that a W3C credential names: one has to be named, or to be had where it is named, is a warning when it
    cannot be had, or is not asked for; and `type_metadata` of the document at the address that an SD-JWT VC's vct is.
    `keep` says what is kept of an accepted presentation; `purpose` (a code word) and `legal_basis` what for and on what
    ground, where no request says so.
    """

    types: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    max_age_days: int | None = None
    revocation: Revocation = "if_present"
    short_lived_hours: int | None = None
    trust_list: tuple[str, ...] = ()
    keep: Keep = "presentation"
    schemas: Mapping[str, Any] = field(default_factory=dict)
    purpose: str = PURPOSE
    legal_basis: LegalBasis = LEGAL_BASIS
    certificates: Revocation = "if_present"
    credential_schemas: Revocation = "best_effort"
    type_metadata: Revocation = "off"


@dataclass(frozen=True, slots=True)
class VerificationPolicy:
    """One version of a named policy; `state` is draft, active or retired, and only a draft has not been in force."""

    id: UUID
    name: str
    version: int
    state: str
    rules: PolicyRules


@dataclass(frozen=True, slots=True)
class Remembered:
    """An accepted answer as it was kept: its report, and the credentials with their claims."""

    report: Mapping[str, Any]
    credentials: Sequence[Mapping[str, Any]]


class VerificationPolicies(Protocol):
    """Versions of named policies."""

    async def draft(self, verifier: UUID, policy: VerificationPolicy) -> int:
        """Store as the next version of its name; the version. Raises Conflict for two at once."""

    async def activate(self, verifier: UUID, policy: UUID) -> VerificationPolicy | None:
        """Put a draft in force, and retire the version before; None when it is no draft."""

    async def get(self, policy: UUID) -> VerificationPolicy | None: ...

    async def all(self) -> Sequence[VerificationPolicy]: ...
