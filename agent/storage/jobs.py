"""Jobs as the worker's process sees them, beside what the queue's library does itself."""

from uuid import UUID

from agent.storage.pool import Pool

SCHEMA = "chancery_jobs"
_TENANT = "SELECT name FROM agent.tenants WHERE id = $1 AND status = 'active'"
_FAILED = """
INSERT INTO chancery_jobs.failures (job_id, reason)
SELECT id, $2 FROM chancery_jobs.procrastinate_jobs WHERE id = $1"""


def session_options() -> str:
    """What a session of the library's own pool begins with: our role, and its tables."""
    return f"-c role=agent_maint -c search_path={SCHEMA} -c timezone=UTC"


class JobRecords:
    """The maintenance role's statements."""

    def __init__(self, maint: Pool) -> None:
        self._maint = maint

    async def for_tenants(self, task: str) -> int:
        """A job for each active tenant that has none such waiting or under way; how many."""
        return int(await self._maint.fetchval("SELECT chancery_jobs.enqueue_for_tenants($1)", task))

    async def tenant_name(self, tenant: UUID) -> str | None:
        """Its name, None when it is not served."""
        name: str | None = await self._maint.fetchval(_TENANT, tenant)
        return name

    async def failed(self, job: int, reason: str) -> None:
        """What an attempt failed by: the exception's name, never its message."""
        await self._maint.execute(_FAILED, job, reason)
