"""What is known of how well the database does, as values; and the contract of their repository."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What a schedule found or did about one table or index."""

    at: datetime
    task: str
    subject: str
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UnusedIndex:
    """An index that no statement has read since statistics began, and no constraint needs."""

    index: str
    table: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ScannedTable:
    """A large table that was read from end to end: an index may be missing."""

    table: str
    scans: int
    rows_per_scan: int
    rows: int


@dataclass(frozen=True, slots=True)
class CostlyStatement:
    """A statement as the server counts it, with parameters in the place of values. Times in milliseconds."""

    id: int
    statement: str
    calls: int
    total: float
    mean: float
    blocks_read: int
    rows: int
    plan: Sequence[str] | None = None


class UpkeepRecords(Protocol):
    """`unit.upkeep`, in the operator's units."""

    async def latest(self) -> Sequence[Upkeep]:
        """The newest of each task and subject."""

    async def since(self) -> datetime | None:
        """When the server began to count."""

    async def unused(self, least_bytes: int) -> Sequence[UnusedIndex]: ...

    async def scanned(self, least_rows: int) -> Sequence[ScannedTable]: ...

    async def costly(self, limit: int) -> Sequence[CostlyStatement] | None:
        """The most time first; None where the server does not count statements."""

    async def plan(self, statement: int) -> Sequence[str] | None:
        """How the server would do it whatever the values; None where it does not say."""
