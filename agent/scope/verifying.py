"""Presentation transactions as values, and the contract of their repositories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from agent.scope.policies import LEGAL_BASIS, PURPOSE, Remembered


@dataclass(frozen=True, slots=True)
class RequestTerms:
    """How a request is answered, beside its query.

    `redirect_uri` is where the person's browser goes in the end; `same_device`: it began on a page of ours and has to
    come back there; `origins` may ask over the Digital Credentials API; `prefixes` are those of a request that several
    identities sign; `profile` what the answer is held to. Links lead to `authorization_endpoint`, the wallet's, or the
    scheme that any wallet may have, and hold `request_uri_method`. `purpose` and `legal_basis` are code words: what the
    data access log says of who opens what was disclosed.
    """

    redirect_uri: str | None = None
    same_device: bool = False
    origins: tuple[str, ...] = ()
    verifier_info: tuple[Mapping[str, Any], ...] = ()
    prefixes: tuple[str, ...] = ()
    profile: str | None = None
    authorization_endpoint: str | None = None
    request_uri_method: str | None = None
    purpose: str = PURPOSE
    legal_basis: str = LEGAL_BASIS


@dataclass(frozen=True, slots=True)
class NewPresentationRequest:
    """A request about to be stored. `encryption_key` is a private JWK with kid, its thumbprint, for this request
    alone; it and `transaction_data` (the strings as sent) are sealed when stored."""

    id: UUID
    verifier_id: UUID
    dcql_query: Mapping[str, Any]
    client_id_prefix: str
    response_mode: str
    client_id: str
    nonce_hash: bytes
    state_hash: bytes
    encryption_key: Mapping[str, Any] | None
    expires_at: datetime
    terms: RequestTerms = RequestTerms()
    transaction_data: tuple[str, ...] = ()
    query_id: UUID | None = None
    policy_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request that still waits for its answer. `browser_hash`: of the one browser that began it, if one did."""

    id: UUID
    dcql_query: Mapping[str, Any]
    client_id_prefix: str
    response_mode: str
    client_id: str
    encryption_key: Mapping[str, Any] | None
    created_at: datetime
    expires_at: datetime
    version: int
    terms: RequestTerms = RequestTerms()
    transaction_data: tuple[str, ...] = ()
    browser_hash: bytes | None = None
    policy_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Presented:
    """One credential that was presented and found good: what the verifier keeps of it; `presentation` as sent."""

    query_id: str
    format: str
    type: str
    issuer: str | None
    claims: Mapping[str, Any]
    checks: tuple[str, ...]
    presentation: Any = None
    holder: str | None = None
    """The thumbprint of the key that presented, base64url."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a transaction ends: `refused`, `verified`, or `answered` when the browser has still to come back with the
    response code. `errors` are code words; `answer_hash` is of the bytes as posted; `report` is JSON."""

    request: OpenRequest
    verifier_id: UUID
    presentation_id: UUID
    state: str
    credentials: Sequence[Presented]
    errors: tuple[str, ...]
    answer_hash: bytes
    answer_size: int
    at: datetime
    response_code_hash: bytes | None = None
    report: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IgnoredAnswer:
    """An answer that changed nothing: what it was, in a code word, and its report."""

    id: UUID
    request: UUID
    verifier_id: UUID
    reason: str
    answer_hash: bytes
    answer_size: int
    at: datetime
    report: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PresentationResult:
    """A transaction as its tenant sees it. `flow` says how far the answer is bound to who asked: a cross-device link
    can be relayed. `ignored` are code words of answers that changed nothing."""

    id: UUID
    state: str
    errors: tuple[str, ...]
    credentials: Sequence[Mapping[str, Any]]
    expires_at: datetime
    flow: str = "cross_device"
    ignored: tuple[str, ...] = ()
    redirect_uri: str | None = None
    verified_at: datetime | None = None
    holders: tuple[str, ...] = ()
    """Thumbprints of the keys that presented, where a credential holds its key."""
    key: UUID | None = None
    """Of the answer, when something was opened with it."""
    purpose: str = PURPOSE
    legal_basis: str = LEGAL_BASIS


def name_of(request: UUID) -> str:
    """Under what name who waits for a request's end is called."""
    return f"presentation {request}"


class Presentations(Protocol):
    """Presentation requests and what came of them."""

    async def add(self, request: NewPresentationRequest) -> None: ...

    async def open(self, request: UUID) -> OpenRequest | None:
        """The request while it waits."""

    async def fetch(self, request: UUID) -> OpenRequest | None:
        """The request while it waits, for a wallet that takes its Request Object."""

    async def begin(self, request: UUID, browser_hash: bytes) -> OpenRequest | None:
        """The request while it waits, bound to this browser from now on; None when another one began it."""

    async def settle(self, verdict: Verdict) -> None:
        """End the transaction. Raises Conflict when another answer was first: nothing happened."""

    async def ignore(self, answer: IgnoredAnswer) -> None:
        """Note an answer that changes nothing; of very many only the first."""

    async def redeem(self, request: UUID, response_code_hash: bytes, browser_hash: bytes | None) -> bool:
        """Answered becomes verified, once, for the code that the wallet was given and the browser that began."""

    async def watch(self, request: UUID) -> None:
        """Have its end told to every process, for who waits for it."""

    async def result(self, request: UUID, disclosed: bool = True) -> PresentationResult | None:
        """How it stands, with what was disclosed unless nobody wants to see that."""

    async def keys(self, request: UUID) -> tuple[UUID, ...]:
        """The living keys that answers to a request lie under; each is called as its report is."""

    async def link(self, request: UUID, person: UUID) -> bool:
        """From now on what was presented is the person's whose key this is; False when nothing changed."""

    async def report(self, report: UUID) -> Mapping[str, Any] | None:
        """The report of this id; else, of the request of this id, the one that decided."""

    async def remembered(self, report: UUID) -> Remembered | None:
        """What was kept with a report, None when nothing was."""

    async def accepted(self, limit: int) -> Sequence[Remembered]:
        """The last answers that were accepted, the newest first."""

    async def reports(self, request: UUID) -> Sequence[Mapping[str, Any]]:
        """All reports of a request, of answers that changed nothing too, in their order."""


@dataclass(frozen=True, slots=True)
class StoredQuery:
    """A named DCQL query; of its versions the newest is in use. `purpose` is text by language."""

    id: UUID
    name: str
    version: int
    state: str
    dcql_query: Mapping[str, Any]
    purpose: Mapping[str, str]
    digest: bytes


class DcqlQueries(Protocol):
    """Named queries."""

    async def add(self, query: StoredQuery) -> int:
        """Store as the next version, in use from now on; the version."""

    async def active(self, name: str) -> StoredQuery | None: ...

    async def all(self) -> Sequence[StoredQuery]: ...
