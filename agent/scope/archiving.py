"""Retention and archive as values, and the contract of their repository."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

MONTHLY: Mapping[str, str] = {
    "audit_logs": "occurred_at",
    "data_access_logs": "accessed_at",
    "security_events": "detected_at",
    "verification_results": "verified_at",
    "events": "occurred_at",
    "webhook_deliveries": "attempted_at",
}
"""Tables that are kept by month, and the column of each that says when."""
TIERS = ("warm", "cool", "cold")
PERSONAL = (
    *("users", "user_authenticators", "subject_keys", "issuances"),
    *("claim_records", "credentials", "presentations"),
)
"""Tables of personal data without months: a legal hold on one keeps every person from being erased."""


def end_of(month: date) -> datetime:
    """The first instant that is not of the month any more."""
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long rows of a table stay where; ages count from the end of a month.

    `erase_mode` is `after` (erase_after has passed) or `indefinitely`. A legal hold keeps everything from being erased.
    """

    table: str
    classification: str = "internal"
    warm_after: timedelta = timedelta(days=90)
    cool_after: timedelta = timedelta(days=365)
    cold_after: timedelta = timedelta(days=3 * 365)
    erase_mode: str = "indefinitely"
    erase_after: timedelta | None = None
    legal_hold: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """One object in the archive: one tenant's rows of one table and month, as sealed Parquet."""

    id: UUID
    table: str
    month: date
    tier: str
    object_key: str
    row_count: int
    byte_count: int
    sha256: bytes
    merkle_root: bytes
    key_id: UUID
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """Columns with a value each, a span of time, a word of the metadata; at most `limit` rows, newest first."""

    equal: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    limit: int = 100


class ArchivedRows(Protocol):
    """Rows that left the database, looked at where they lie."""

    async def rows(self, scope: Any, segment: Segment) -> Sequence[Mapping[str, Any]]:
        """A segment's, in their order. Raises when a byte of it is not what it was."""

    async def search(
        self, scope: Any, table: str, segments: Sequence[Segment], search: Search
    ) -> Sequence[Mapping[str, Any]]:
        """Newest first."""


class Archive(Protocol):
    """`unit.archive`: retention policies and segments."""

    async def policies(self) -> Mapping[str, RetentionPolicy]:
        """By table; a table that is not named has the default."""

    async def put_policy(self, policy: RetentionPolicy) -> None:
        """Insert or replace."""

    async def segments(self, table: str | None = None) -> Sequence[Segment]:
        """What is in the archive, oldest month first; erased ones too."""

    async def months(self) -> Mapping[str, Sequence[date]]:
        """Months that are over and still in their table, by table."""

    def rows(self, table: str, month: date) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
        """The tenant's rows of a month, page by page, in the order of sealing or of their key."""

    async def add(self, segment: Segment) -> None:
        """Insert one that was read back and compared. Raises Conflict when it is there."""

    async def moved(self, segment: UUID, tier: str, object_key: str) -> None:
        """It lies in another tier now."""

    async def erased(self, segment: UUID) -> None:
        """The object is gone."""
