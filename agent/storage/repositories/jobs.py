"""Jobs, added in the transaction of what they belong to; listed and tried again for who operates the server."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent.scope.jobs import Job, LastRun

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_ENQUEUE = "SELECT chancery_jobs.enqueue($1, $2, $3)"
_LISTED = """
SELECT j.id, j.task_name, t.name, j.status::text, j.attempts, j.scheduled_at,
       (SELECT max(e.at) FROM chancery_jobs.procrastinate_events e WHERE e.job_id = j.id AND e.type <> 'scheduled'),
       (SELECT f.reason FROM chancery_jobs.failures f WHERE f.job_id = j.id ORDER BY f.failed_at DESC LIMIT 1)
  FROM chancery_jobs.procrastinate_jobs j
  LEFT JOIN agent.tenants t ON t.id = (j.args ->> 'tenant')::uuid
 WHERE $1::text IS NULL OR j.status::text = $1
 ORDER BY j.id DESC LIMIT $2"""
_LAST = """
SELECT DISTINCT ON (j.task_name) j.task_name, j.status::text AS state, e.at,
       (SELECT f.reason FROM chancery_jobs.failures f WHERE f.job_id = j.id ORDER BY f.failed_at DESC LIMIT 1) AS reason
  FROM chancery_jobs.procrastinate_jobs j
  JOIN chancery_jobs.procrastinate_events e ON e.job_id = j.id AND e.type <> 'scheduled'
 WHERE j.status <> 'todo' OR j.attempts > 0
 ORDER BY j.task_name, e.at DESC"""
_RETRY = "SELECT chancery_jobs.try_again($1)"


class JobRepository:
    """`scope.jobs.Jobs`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def enqueue(self, task: str, args: Mapping[str, Any], due: datetime | None = None) -> int:
        """By the queue's one door, which adds the tenant. Raises asyncpg.InvalidParameterValueError for other args."""
        return int(await self._unit.connection.fetchval(_ENQUEUE, task, dict(args), due))

    async def listed(self, state: str | None, limit: int) -> Sequence[Job]:
        """The newest first."""
        return [Job(*row) for row in await self._unit.connection.fetch(_LISTED, state, limit)]

    async def last_runs(self) -> Mapping[str, LastRun]:
        """The latest of each task."""
        rows = await self._unit.connection.fetch(_LAST)
        return {row["task_name"]: LastRun(row["state"], row["at"], row["reason"]) for row in rows}

    async def retry(self, job: int) -> bool:
        """Compare-and-set, with a word to the workers."""
        return bool(await self._unit.connection.fetchval(_RETRY, job))
