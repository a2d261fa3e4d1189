"""The authorization server's records as values, and the contracts of their repositories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from agent.scope.tenants import IdentityProvider
from protocols.oauth.client_authentication import RegisteredClient


@dataclass(frozen=True, slots=True)
class Mark:
    """A value that may be used once: its kind, its SHA-256, and the time that stands inside it."""

    kind: str
    digest: bytes
    made_at: datetime


@dataclass(frozen=True, slots=True)
class AuthorizationSession:
    """A browser between the authorization request and the code. `request` is what was asked, as JSON."""

    id: UUID
    state: str
    request: Mapping[str, Any]
    issuance_id: UUID | None
    version: int


@dataclass(frozen=True, slots=True)
class Approval:
    """A person approved: what is issued to whom, and the code for it.

    `issuance` exists already when `offered`; then only its state moves on.
    """

    issuance: UUID
    offered: bool
    issuer_id: UUID
    credential_configuration_ids: tuple[str, ...]
    user_id: UUID
    code_hash: bytes
    code_expires_at: datetime
    expires_at: datetime
    request_uri_hash: bytes | None


@dataclass(frozen=True, slots=True)
class CodeRecord:
    """What an authorization code stands for, spent or not."""

    issuance: UUID
    state: str
    request: Mapping[str, Any]
    credential_configuration_ids: tuple[str, ...]
    code_expires_at: datetime


@dataclass(frozen=True, slots=True)
class NewToken:
    """An access token about to be stored, and what it is bound to."""

    token_hash: bytes
    expires_at: datetime
    dpop_thumbprint: bytes | None = None
    certificate_thumbprint: bytes | None = None
    by_identifier: bool = False


@dataclass(frozen=True, slots=True)
class RefreshFamily:
    """A line of refresh tokens; `client_hash` says whose."""

    id: UUID
    issuance_id: UUID
    client_hash: bytes | None
    dpop_thumbprint: bytes | None
    token_hash: bytes
    generation: int
    rotated_at: datetime
    expires_at: datetime
    revoked: bool
    credential_configuration_ids: tuple[str, ...]
    by_identifier: bool


@dataclass(frozen=True, slots=True)
class NewRefreshFamily:
    """The first refresh token of a line."""

    id: UUID
    client_hash: bytes
    dpop_thumbprint: bytes | None
    token_hash: bytes
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OfferedToSignIn:
    """An offer by issuer_state that can still be taken; `subject` is the blind index of whom it was made for."""

    id: UUID
    credential_configuration_ids: tuple[str, ...]
    subject: bytes | None


class ReplayMarks(Protocol):
    """What was used once."""

    async def spend(self, marks: Sequence[Mark]) -> bool:
        """Leave the marks; False when one of them is there already: then do not commit."""


class AttemptCounters(Protocol):
    """How often something was guessed at."""

    async def count(self, kind: str, source: str, during: timedelta) -> int:
        """The number of this try of a kind from a source, counted over all processes, since its time began."""


class Authorizations(Protocol):
    """Pushed requests, authorization sessions, codes, refresh tokens."""

    async def push(
        self,
        request_uri_hash: bytes,
        parameters: Mapping[str, Any],
        dpop_thumbprint: bytes | None,
        expires_at: datetime,
    ) -> None: ...

    async def pushed(self, request_uri_hash: bytes) -> Mapping[str, Any] | None:
        """The parameters while they can be used."""

    async def offered(self, issuer_state_hash: bytes) -> OfferedToSignIn | None:
        """The offer behind an issuer_state."""

    async def begin(
        self,
        session: UUID,
        browser_hash: bytes,
        request: Mapping[str, Any],
        issuance: UUID | None,
        expires_at: datetime,
    ) -> None: ...

    async def session(self, session: UUID, browser_hash: bytes) -> AuthorizationSession | None:
        """The living session of this browser."""

    async def signed_in(
        self,
        session: AuthorizationSession,
        request: Mapping[str, Any],
        browser_hash: bytes,
        user: UUID,
        expires_at: datetime,
    ) -> None:
        """The person is known; the browser's secret changes with it. Raises Conflict."""

    async def keep(
        self, session: AuthorizationSession, request: Mapping[str, Any], upstream_state_hash: bytes | None = None
    ) -> AuthorizationSession:
        """Another request, and the state that an identity provider has to bring back. Raises Conflict."""

    async def return_from_upstream(self, session: AuthorizationSession, state_hash: bytes) -> AuthorizationSession:
        """Spend that state: once. Raises Conflict."""

    async def approve(self, session: AuthorizationSession, approval: Approval) -> None:
        """One transaction from consent to code. Raises Conflict when request_uri, offer or session were taken."""

    async def deny(self, session: AuthorizationSession) -> None:
        """The person said no. Raises Conflict."""

    async def by_code(self, code_hash: bytes) -> CodeRecord | None:
        """What a code stands for."""

    async def redeem(self, issuance: UUID, token: NewToken, family: NewRefreshFamily | None) -> bool:
        """Spend the code for a token; False when another request was first, or the code is too old."""

    async def family(self, family: UUID) -> RefreshFamily | None: ...

    async def rotate(self, family: RefreshFamily, token_hash: bytes, generation: int, token: NewToken) -> bool:
        """Spend the living refresh token for the next, or keep it (the same generation), and a new access token; False
        when another request was first."""

    async def revoke(self, issuance: UUID, reason: str) -> None:
        """End every token of an issuance."""


class Clients(Protocol):
    """Registered OAuth clients."""

    async def add(self, client: RegisteredClient) -> None: ...

    async def get(self, client_id: str) -> RegisteredClient | None: ...


@dataclass(frozen=True, slots=True)
class NewUser:
    """A person with an account: `external_id` is the tenant's own name for them, `password_hash` of argon2id."""

    id: UUID
    subject_key_id: UUID
    email: str | None
    external_id: str | None
    claims: Mapping[str, Any]
    authenticator_id: UUID | None
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class PasswordAccount:
    """An account found by its email address, with what a sign-in needs."""

    user_id: UUID
    authenticator_id: UUID
    password_hash: str
    failed_attempts: int
    locked_until: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in person, as pages call them; `subject_index` is what an offer to them carries."""

    id: UUID
    name: str
    subject_index: bytes | None


@dataclass(frozen=True, slots=True)
class UserListing:
    """An account as its tenant lists it; `name` and `external_id` as they were given."""

    id: UUID
    name: str
    external_id: str | None
    status: str
    created_at: datetime


class People(Protocol):
    """Users and their authenticators."""

    async def add(self, user: NewUser) -> None: ...

    async def by_email(self, email: str) -> PasswordAccount | None:
        """An active account with a password."""

    async def attempt(self, account: PasswordAccount) -> int | None:
        """Count a try before its password is looked at; None while the account is locked."""

    async def lock(self, account: PasswordAccount, until: datetime) -> None:
        """No further try until then."""

    async def succeeded(self, account: PasswordAccount) -> None:
        """Forget the wrong ones."""

    async def get(self, user: UUID) -> Person | None: ...

    async def listed(self, after: UUID, limit: int) -> Sequence[UserListing]:
        """A page of those that were not erased, by id."""

    async def set_claims(self, user: UUID, claims: Mapping[str, Any]) -> bool:
        """Replace what an active account says; False when it is not there."""

    async def set_status(self, user: UUID, status: str) -> bool:
        """Suspend or readmit; False when there is no such user."""

    async def sign_out(self, user: UUID) -> None:
        """End every sign-in under way, in every browser."""


@dataclass(frozen=True, slots=True)
class Authenticator:
    """One way in which an active account signs in; `secret` as its kind wants it, `lookup` finds it."""

    id: UUID
    user_id: UUID
    secret: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NewAuthenticator:
    """A passkey or an upstream identity about to be stored. `name` is what it is found by, to the octet."""

    id: UUID
    user_id: UUID
    kind: str
    name: str
    secret: Mapping[str, Any]
    upstream_issuer: str | None = None
    sign_count: int = 0


class Authenticators(Protocol):
    """Passkeys and upstream identities."""

    async def add(self, new: NewAuthenticator) -> None:
        """Raises Conflict when it is there already."""

    async def find(self, kind: str, name: str) -> Authenticator | None:
        """By what it is found by, of an active account."""

    async def of_email(self, kind: str, email: str) -> Sequence[Authenticator]:
        """All of a kind that the account with this address has."""

    async def of_user(self, kind: str, user: UUID) -> Sequence[Authenticator]:
        """All of a kind that an account has."""

    async def used(self, authenticator: UUID, sign_count: int) -> bool:
        """Note the use; False when the counter did not move on: then there are two of it (WebAuthn 3, 6.1.1)."""


class IdentityProviders(Protocol):
    """Whom the tenant believes when a person signs in."""

    async def add(self, provider: IdentityProvider) -> None: ...

    async def remove(self, provider: UUID) -> bool:
        """False when it was not there."""
