"""Claim sources, where the claims of an issuance come from; payment gates, which say whether it is paid for."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """Whose claims are wanted, for what.

    `id` is this asking's own name, `issuance_id` what the offer was answered with; `subject` the tenant's own name for
    the person where it is known in clear (an account's external id); `given` what came with the offer. `secrets` are
    keys shared with the tenant for this configuration, newest first. `account()` waits for what the account of who
    signed in says, None when nobody did; `record(table)` for what the tenant uploaded about the person.
    """

    id: str
    at: datetime
    issuance_id: str
    credential_configuration_id: str
    type: str
    subject: str | None
    given: Mapping[str, Any]
    secrets: tuple[bytes, ...]
    account: Callable[[], Awaitable[Mapping[str, Any] | None]]
    record: Callable[[str], Awaitable[Mapping[str, Any] | None]]


@dataclass(frozen=True, slots=True)
class ClaimsFound:
    """The claims, not yet checked against the schema."""

    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ClaimsLater:
    """The source will know, and is to be asked again after so many seconds."""

    interval: int


class NoClaims(Exception):
    """The source knows nothing of this person, and will not."""


class SourceUnavailable(Exception):
    """The source could not be asked; it may be another time."""


class SourceUntrustworthy(Exception):
    """The source's answer is not of the form agreed on, or belongs to another question."""


class InvalidSettings(ValueError):
    """The settings do not fit the plugin. The text names the member, never a value."""


class ClaimSource(Protocol):
    """One source of claims."""

    kind: ClassVar[str]

    def require_settings(self, settings: Mapping[str, Any]) -> None:
        """Raises InvalidSettings."""

    async def claims(self, settings: Mapping[str, Any], request: ClaimsRequest) -> ClaimsFound | ClaimsLater:
        """Waits. Raises NoClaims, SourceUnavailable, SourceUntrustworthy."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be paid for an issuance; `recorded` whether the tenant recorded the payment."""

    issuance_id: str
    amount: str
    currency: str
    recorded: bool


class PaymentGate(Protocol):
    """Says whether an issuance is paid for."""

    kind: ClassVar[str]

    def require_settings(self, settings: Mapping[str, Any]) -> None:
        """Raises InvalidSettings."""

    async def paid(self, settings: Mapping[str, Any], due: Due) -> bool:
        """Waits. Raises SourceUnavailable."""
