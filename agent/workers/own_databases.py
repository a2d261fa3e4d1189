"""What happens without a caller happens in every tenant's own database too."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import ClassVar

from agent import telemetry
from agent.storage.pool import Pool
from agent.tenancy import Tenant

_WHERE = """
SELECT id, name, dsn_ref || '/' || database_name AS database FROM agent.tenants
 WHERE placement = 'dedicated' AND status IN ('active', 'suspended')"""


class OwnDatabases:
    """`schedule.Task`: `work(tenant, stopping)` runs the tasks of one database until it is told to stop."""

    name: ClassVar[str] = "own_databases"
    seconds: ClassVar[float] = 5

    def __init__(self, maint: Pool, work: Callable[[Tenant, asyncio.Event], Awaitable[None]]) -> None:
        self._maint, self._work = maint, work
        self._running: dict[Tenant, tuple[asyncio.Event, asyncio.Task[None]]] = {}

    async def __call__(self) -> None:
        """Begin with databases that are new, end with those that are none any more."""
        rows = await self._maint.fetch(_WHERE)
        wanted = {Tenant(row["id"], row["name"], "", database=row["database"]) for row in rows}
        for tenant in wanted - self._running.keys():
            stopping = asyncio.Event()
            self._running[tenant] = stopping, asyncio.create_task(self._keep(tenant, stopping))
        for tenant in self._running.keys() - wanted:
            await self._end(tenant)

    async def close(self) -> None:
        """End everything."""
        for tenant in list(self._running):
            await self._end(tenant)

    async def _end(self, tenant: Tenant) -> None:
        stopping, task = self._running.pop(tenant)
        stopping.set()
        await task

    async def _keep(self, tenant: Tenant, stopping: asyncio.Event) -> None:
        try:
            await self._work(tenant, stopping)
        except Exception:
            telemetry.failure("own_database_failed", tenant=tenant.name)
