"""Keeping: contracts of what seals and exports the logs, and of what a person may ask for."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from agent.audit.seals import Seal
from agent.scope.archiving import Search


class AuditTrail(Protocol):
    """The four logs of a tenant and their seals."""

    async def last(self) -> tuple[int, int, int, bytes] | None:
        """(number, epoch, to_xact, hash) of the newest seal."""

    async def rows_after(self, epoch: int, xact: int, limit: int) -> Sequence[Mapping[str, Any]]:
        """Settled rows from a transaction on, as leaves' members in the order of sealing."""

    async def search(self, search: Search) -> Sequence[Mapping[str, Any]]:
        """Rows of the audit log, newest first."""

    async def add(self, seal: Seal) -> None:
        """Insert. Raises Conflict when another sealer was first: a chain cannot fork."""

    def seals(self) -> AsyncIterator[Seal]:
        """Every seal, oldest first."""

    def rows(self) -> AsyncIterator[Mapping[str, Any]]:
        """Every row, in the order of sealing."""


@dataclass(frozen=True, slots=True)
class Whom:
    """A person: an account's id, or the tenant's own name for them."""

    user: UUID | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Erasure:
    """A request to erase a person: `keys` are destroyed by it; `certificate` says what went, once it is done."""

    id: UUID
    keys: tuple[UUID, ...]
    legal_basis: str
    requested_at: datetime
    approved_at: datetime | None
    completed_at: datetime | None
    certificate: Mapping[str, Any] | None

    @property
    def state(self) -> str:
        """requested, or completed."""
        return "completed" if self.completed_at else "requested"


class Erasures(Protocol):
    """`unit.erasures`: the right to be forgotten."""

    async def keys_of(self, whom: Whom) -> tuple[UUID, ...]:
        """Every living key of the person; none for nobody, and for who was erased."""

    async def request(self, erasure: UUID, whom: Whom, legal_basis: str) -> bool:
        """Insert; the account is stopped and signed out at once. False when nobody is known."""

    async def recall(self, erasure: UUID, keys: tuple[UUID, ...], legal_basis: str) -> bool:
        """A request as it was before it was approved, with these keys; False when it is completed."""

    async def get(self, erasure: UUID) -> Erasure | None:
        """One request."""

    async def listed(self, after: UUID, limit: int) -> Sequence[Erasure]:
        """A page of requests, in the order of their ids."""

    async def held(self) -> Sequence[str]:
        """Tables of personal data that are under legal hold: it stays so until the unit ends."""

    async def approve(self, erasure: UUID) -> tuple[UUID, ...] | None:
        """Compare-and-set from requested to approved: every living key that the person has by now. None: too late."""

    async def erase(self, keys: tuple[UUID, ...]) -> Mapping[str, int]:
        """Destroy the keys and remove what was sealed under them; rows touched, by table."""

    async def complete(self, erasure: UUID, certificate: Mapping[str, Any]) -> None:
        """The request is done, and says how."""


class PersonFiles(Protocol):
    """`unit.person_files`: the right of access."""

    async def read(self, keys: tuple[UUID, ...]) -> Mapping[str, Any]:
        """Everything that is kept of the person, opened, as JSON values."""
