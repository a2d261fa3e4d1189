"""What the worker has to do, for who operates the server: seen, begun out of turn, tried again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from croniter import croniter

from agent.audit import AuditEvent
from agent.scope import Scope
from agent.scope.administering import Control
from agent.scope.jobs import SCHEDULES, Job, LastRun, Schedule
from protocols.errors import ProtocolError


class UnknownJob(ProtocolError):
    """There is no schedule, or no failed job, of this name."""

    code = "not_found"
    status = 404


@dataclass(frozen=True, slots=True)
class JobsAsked:
    """Which jobs: those of a state, or all; so many at most."""

    state: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class ScheduleShown:
    """A schedule, when it comes round next, and how it went the last time."""

    schedule: Schedule
    next: datetime
    last: LastRun | None


@dataclass(frozen=True, slots=True)
class JobsShown:
    """Schedules, then jobs, the newest first."""

    schedules: Sequence[ScheduleShown]
    jobs: Sequence[Job]


async def show_jobs(control: Control, scope: Scope, asked: JobsAsked) -> JobsShown:
    """All of it, over every tenant."""
    async with control.enter(scope.tenant, scope.principal, scope.vault) as unit:
        jobs, last = await unit.jobs.listed(asked.state, asked.limit), await unit.jobs.last_runs()
    now = scope.now()
    shown = [ScheduleShown(one, croniter(one.cron, now).get_next(datetime), last.get(one.task)) for one in SCHEDULES]
    return JobsShown(shown, jobs)


async def run_schedule(control: Control, scope: Scope, task: str) -> int:
    """Begin a schedule out of turn: the job's number. Raises UnknownJob."""
    schedule = next((one for one in SCHEDULES if one.task == task), None)
    if schedule is None:
        raise UnknownJob()
    async with control.enter(scope.tenant, scope.principal, scope.vault) as unit:
        job: int = await unit.jobs.enqueue(f"{task}_all" if schedule.each else task, {})
        unit.record(AuditEvent("job.begun", "job", None, "create", metadata={"task": task, "job": job}))
        await unit.commit()
    return job


async def retry_job(control: Control, scope: Scope, job: int) -> None:
    """Try once more what failed for good. Raises UnknownJob."""
    async with control.enter(scope.tenant, scope.principal, scope.vault) as unit:
        if not await unit.jobs.retry(job):
            raise UnknownJob()
        unit.record(AuditEvent("job.retried", "job", None, "update", metadata={"job": job}))
        await unit.commit()
