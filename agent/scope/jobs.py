"""Jobs as values: what comes round when, what waits, what failed; and the contract of their repository."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Schedule:
    """Something that comes round by a cron line (UTC). `task` is its name as a job; `each` says that it is a job for
    every active tenant."""

    task: str
    cron: str
    what: str
    each: bool = False


SCHEDULES = (
    Schedule("retention", "15 */6 * * *", "months leave the database for the archive, segments move and go"),
    Schedule("renew_signers", "40 * * * *", "document signers are followed before they end", each=True),
    Schedule("announce", "0 6 * * *", "keys that end and reviews that are due are told, issuers' renewed", each=True),
    Schedule("check_quality", "30 4 * * *", "quality rules are looked at", each=True),
    Schedule("statistics", "10 2 * * *", "statistics of every table, settings of new ones, how large each is"),
    Schedule("indexes", "30 3 * * 0", "indexes that are mostly air are rebuilt while they are used"),
    Schedule("partitions", "5 4 1 * *", "months ahead are made, and seen to be there"),
    Schedule("tidy_jobs", "50 * * * *", "jobs that ended well a week ago are forgotten, others after three months"),
)
"""All that is scheduled. What must be quick or must not depend on the queue is no job: ADR 0010."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `state` is todo, doing, succeeded, failed, cancelled or aborted; `reason` is what its last failure was
    called, `due` when it is tried (again)."""

    id: int
    task: str
    tenant: str | None
    state: str
    attempts: int
    due: datetime | None
    at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class LastRun:
    """How a task went the last time: its state, when that was, and what its last failure was called."""

    state: str
    at: datetime
    reason: str | None


class Jobs(Protocol):
    """`unit.jobs`. Adding is for everybody, within the transaction; looking is for the operator's units."""

    async def enqueue(self, task: str, args: Mapping[str, Any], due: datetime | None = None) -> int:
        """A job of the tenant entered, done when this commits or when `due`; `args` are ids, numbers, code words."""

    async def listed(self, state: str | None, limit: int) -> Sequence[Job]:
        """The newest first."""

    async def last_runs(self) -> Mapping[str, LastRun]:
        """By task, what became of the latest job."""

    async def retry(self, job: int) -> bool:
        """One that failed for good is tried once more, now; False when it is no such."""
