"""Presentation transactions as values, and the contract of their repository."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NewPresentationRequest:
    """A request about to be stored. `encryption_key` is a private JWK for this request alone, sealed when stored."""

    id: UUID
    verifier_id: UUID
    dcql_query: Mapping[str, Any]
    client_id_prefix: str
    response_mode: str
    client_id: str
    nonce_hash: bytes
    state_hash: bytes
    encryption_key: Mapping[str, Any] | None
    redirect_uri: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request that still waits for its answer."""

    id: UUID
    dcql_query: Mapping[str, Any]
    client_id_prefix: str
    response_mode: str
    client_id: str
    encryption_key: Mapping[str, Any] | None
    redirect_uri: str | None
    created_at: datetime
    expires_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Presented:
    """One credential that was presented and found good: what the verifier keeps of it."""

    query_id: str
    format: str
    type: str
    issuer: str | None
    claims: Mapping[str, Any]
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a transaction ends. `errors` are code words; `answer_hash` is of the bytes as posted."""

    request: OpenRequest
    verifier_id: UUID
    presentation_id: UUID
    state: str
    credentials: Sequence[Presented]
    errors: tuple[str, ...]
    answer_hash: bytes
    answer_size: int
    at: datetime


@dataclass(frozen=True, slots=True)
class PresentationResult:
    """A transaction as its tenant sees it."""

    id: UUID
    state: str
    errors: tuple[str, ...]
    credentials: Sequence[Mapping[str, Any]]
    expires_at: datetime


class Presentations(Protocol):
    """Presentation requests and what came of them."""

    async def add(self, request: NewPresentationRequest) -> None: ...

    async def open(self, request: UUID) -> OpenRequest | None:
        """The request while it waits."""

    async def fetch(self, request: UUID) -> OpenRequest | None:
        """The request while it waits, for a wallet that takes its Request Object."""

    async def settle(self, verdict: Verdict) -> None:
        """End the transaction. Raises Conflict when another answer was first: nothing happened."""

    async def result(self, request: UUID) -> PresentationResult | None: ...
