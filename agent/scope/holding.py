"""Credentials that the tenant holds itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A credential as its issuer secured it; sealed where it rests."""

    id: UUID
    format: str
    type: str
    issuer: str
    credential: Mapping[str, Any] = field(repr=False)
    issued_at: datetime
    expires_at: datetime | None = None
    status: str = "active"


class Holdings(Protocol):
    """`unit.holdings`."""

    async def keep(self, held: HeldCredential) -> None:
        """Store one."""

    async def listed(self, after: UUID | None, limit: int) -> Sequence[HeldCredential]:
        """Newest first."""

    async def get(self, ids: Sequence[UUID]) -> Sequence[HeldCredential]:
        """Those of these that are held."""
