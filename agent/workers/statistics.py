"""Counting every tenant's activity: as it settles, and each finished day once more from the log."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import partial
from typing import Any, ClassVar

from agent import telemetry
from agent.lifecycle.blobs import ObjectStore
from agent.lifecycle.figures import write_month
from agent.operations.keeping.count_activity import count_activity, recount_day
from agent.scope import Scope
from agent.storage.pool import Pool
from agent.storage.unit_of_work import unit_of_work
from agent.tenancy import WORKER, Principal


class Statistics:
    """`schedule.Task`: enters tenants one at a time, as the maintenance role."""

    name: ClassVar[str] = "statistics"
    seconds: ClassVar[float] = 30

    def __init__(self, maint: Pool, scope_of: Callable[[str, Principal], Awaitable[Scope]], store: ObjectStore) -> None:
        self._maint, self._scope_of, self._store = maint, scope_of, store
        self._recounted: dict[str, date] = {}

    async def __call__(self) -> None:
        """One round over all tenants; a tenant that fails does not stop the others."""
        names = await self._maint.fetch(
            "SELECT name FROM agent.tenants WHERE status = 'active' AND placement = 'shared' ORDER BY name"
        )
        for (name,) in names:
            try:
                await self.count(name)
            except Exception:
                telemetry.failure("counting_failed", tenant=name)

    async def count(self, name: str) -> int:
        """One tenant; how many events. The first round of a day counts yesterday again and writes its month's file."""
        scope = await self._scope_of(name, WORKER)
        enter: Any = partial(unit_of_work, self._maint, scope.tenant, WORKER, scope.vault, scope.now)
        counted = await count_activity(enter)
        yesterday = scope.now().date() - timedelta(days=1)
        if self._recounted.get(name) != yesterday:
            if not await recount_day(enter, yesterday):
                telemetry.log("statistics_corrected", tenant=name, day=yesterday.isoformat())
            await write_month(enter, self._store, scope.tenant.id, yesterday)
            self._recounted[name] = yesterday
        return counted
