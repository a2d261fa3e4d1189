"""Compliance records as values, and the contract of their repository."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

STATUSES = ("compliant", "partial", "non_compliant", "not_assessed")


@dataclass(frozen=True, slots=True)
class ComplianceRecord:
    """One requirement of one regulation. `evidence` are references: a drill with its times, a test run, seals."""

    regulation: str
    requirement: str
    status: str
    evidence: Sequence[Mapping[str, Any]]
    assessed_at: datetime
    next_review: datetime | None


class Compliance(Protocol):
    """`unit.compliance`."""

    async def put(self, record: ComplianceRecord) -> None:
        """Insert or replace; who assessed it is who acts."""

    async def listed(self) -> Sequence[ComplianceRecord]:
        """All, by regulation and requirement."""
