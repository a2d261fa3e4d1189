"""Keeping the record: contracts of what seals and exports the logs."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

from agent.audit.seals import Seal


class AuditTrail(Protocol):
    """The four logs of a tenant and their seals."""

    async def last(self) -> tuple[int, int, int, bytes] | None:
        """(number, epoch, to_xact, hash) of the newest seal."""

    async def rows_after(self, epoch: int, xact: int, limit: int) -> Sequence[Mapping[str, Any]]:
        """Settled rows from a transaction on, as leaves' members in the order of sealing."""

    async def add(self, seal: Seal) -> None:
        """Insert. Raises Conflict when another sealer was first: a chain cannot fork."""

    def seals(self) -> AsyncIterator[Seal]:
        """Every seal, oldest first."""

    def rows(self) -> AsyncIterator[Mapping[str, Any]]:
        """Every row, in the order of sealing."""
