"""Jobs: done by one worker process at a time, tried again with growing pauses, what failed kept for who operates.

procrastinate keeps the queue in PostgreSQL. A lock for each schedule, and for each tenant's share of it, holds over all
processes; a process that dies with a job in hand stops its heartbeat, and the job goes to another.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException

from agent import telemetry
from agent.scope import Scope
from agent.scope.jobs import SCHEDULES, Schedule
from agent.storage.jobs import JobRecords, session_options
from agent.storage.pool import Pool
from agent.tenancy import WORKER, Principal

QUEUE = "chancery"
_AT_ONCE, _LAST_SECONDS = 2, 8
_ATTEMPTS, _BACKOFF = 5, 5
"""Pauses of 5, 25, 125, 625 and 3125 seconds between six attempts."""
_CATCH_UP_SECONDS = 32 * 86400
"""What came round while nobody worked is done once, as soon as somebody does."""
_FORGET_HOURS, _FORGET_FAILED_HOURS = 7 * 24, 90 * 24

Act = Callable[[], Awaitable[object]]
"""What a schedule does for the whole house."""
Share = Callable[[Scope, Mapping[str, Any]], Awaitable[object]]
"""What a job does for its tenant, with its arguments."""


class Jobs:
    """The worker's side of the queue. `house` and `shares` say what tasks do, by name; every schedule is in one."""

    def __init__(
        self,
        dsn: str,
        maint: Pool,
        scope_of: Callable[[str, Principal], Awaitable[Scope]],
        house: Mapping[str, Act],
        shares: Mapping[str, Share],
        schedules: tuple[Schedule, ...] = SCHEDULES,
        retry: RetryStrategy | None = None,
    ) -> None:
        self._records, self._scope_of = JobRecords(maint), scope_of
        self._house, self._shares = dict(house) | {"tidy_jobs": self._tidy}, shares
        self._retry = retry or RetryStrategy(max_attempts=_ATTEMPTS, exponential_wait=_BACKOFF)
        pool: dict[str, Any] = {"conninfo": dsn, "min_size": 1, "max_size": 3, "kwargs": {"options": session_options()}}
        self.app = App(connector=PsycopgConnector(**pool), periodic_defaults={"max_delay": _CATCH_UP_SECONDS})
        for schedule in schedules:
            self._schedule(schedule)
        for name in self._shares:
            run = self._for_tenant(name)
            self.app.task(name=name, queue=QUEUE, retry=self._retry, pass_context=True)(run)

    async def run(
        self, stopping: asyncio.Event, heartbeat: float = 10, stalled: float = 30, concurrency: int = 2
    ) -> None:
        """Do what comes until `stopping`; what is under way then is ended first. The database may go and come back."""
        while not stopping.is_set():
            try:
                async with asyncio.timeout(5):
                    await self.app.open_async()
                await self._work(stopping, heartbeat, stalled)
            except (ConnectorException, psycopg.Error, OSError):
                telemetry.failure("jobs_interrupted")
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), 2)
            finally:
                await self.app.close_async()

    async def _work(self, stopping: asyncio.Event, heartbeat: float, stalled: float) -> None:
        worker = asyncio.create_task(
            self.app.run_worker_async(
                queues=[QUEUE],
                concurrency=_AT_ONCE,
                shutdown_graceful_timeout=_LAST_SECONDS,
                install_signal_handlers=False,
                fetch_job_polling_interval=min(5.0, stalled),
                update_heartbeat_interval=heartbeat,
                stalled_worker_timeout=stalled,
            )
        )
        waiting = asyncio.create_task(stopping.wait())
        rescuing = asyncio.create_task(self._rescue(stalled))
        try:
            await asyncio.wait({worker, waiting, rescuing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (rescuing, waiting, worker):
                task.cancel()
            ended = await asyncio.gather(worker, rescuing, waiting, return_exceptions=True)
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome

    async def _rescue(self, stalled: float) -> None:
        """Jobs of processes that died go to others."""
        while True:
            for job in await self.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=stalled):
                telemetry.log("job_rescued", task=job.task_name)
                await self.app.job_manager.retry_job(job)
            await asyncio.sleep(stalled / 2)

    def _schedule(self, schedule: Schedule) -> None:
        async def due() -> None:
            await self._records.for_tenants(schedule.task)

        # The round that makes a job for each tenant has a name of its own beside theirs.
        name = f"{schedule.task}_all" if schedule.each else schedule.task
        act = due if schedule.each else self._house[schedule.task]

        async def run(context: JobContext, timestamp: int = 0) -> None:
            await self._attempt(context, act())

        task = self.app.task(name=name, queue=QUEUE, lock=name, retry=self._retry, pass_context=True)(run)
        self.app.periodic(cron=schedule.cron)(task)

    def _for_tenant(self, name: str) -> Callable[..., Awaitable[None]]:
        act = self._shares[name]

        async def share(tenant: str, args: Mapping[str, Any]) -> None:
            found = await self._records.tenant_name(UUID(tenant))
            if found is not None:  # one that is suspended or gone has nothing to be done
                await act(await self._scope_of(found, WORKER), args)

        async def run(context: JobContext, tenant: str, **args: Any) -> None:
            await self._attempt(context, share(tenant, args))

        return run

    async def _attempt(self, context: JobContext, act: Awaitable[object]) -> None:
        try:
            await act
        except Exception as error:
            telemetry.failure("job_failed", task=context.job.task_name, attempt=context.job.attempts + 1)
            if context.job.id is not None:
                await self._records.failed(context.job.id, type(error).__name__[:100])
            raise

    async def _tidy(self) -> None:
        forget = self.app.job_manager.delete_old_jobs
        await forget(_FORGET_HOURS)
        await forget(_FORGET_FAILED_HOURS, include_failed=True, include_cancelled=True, include_aborted=True)
