"""Reporting: contract of the counts of what happened, which hold no personal data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

WORDS = ("type", "types", "reason", "errors")
"""Members of an event's metadata that a count may go by."""


@dataclass(frozen=True, slots=True)
class Happened:
    """Rows of the audit log of one UTC day that say the same: the event's type, those of WORDS it has, how many."""

    day: date
    event_type: str
    words: Mapping[str, Any]
    amount: int


@dataclass(frozen=True, slots=True, order=True)
class Figure:
    """One count: of a metric ("issued", "refused", ...) on a UTC day, by credential type and by reason where it has."""

    day: date
    metric: str
    type: str
    reason: str
    amount: int


class Statistics(Protocol):
    """`unit.statistics`: daily counts, brought forward from the audit log by a watermark over its transactions."""

    async def pass_on(self, events: Sequence[str]) -> Sequence[Happened]:
        """What settled since the watermark, which moves with this unit; whoever else asks waits for its end."""

    async def recorded(self, day: date, events: Sequence[str]) -> Sequence[Happened]:
        """What the log holds of one day below the watermark, which stays until this unit ends."""

    async def add(self, figures: Sequence[Figure]) -> None:
        """Add to the counts."""

    async def put(self, day: date, figures: Sequence[Figure]) -> None:
        """The counts of a day, in place of those it had."""

    async def between(self, since: date, until: date) -> Sequence[Figure]:
        """The counts of these days, the last one included, in order."""
