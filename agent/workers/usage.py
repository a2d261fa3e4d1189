"""What every tenant uses: leases of processes that are gone are taken back, tables are counted and measured."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from agent import telemetry
from agent.scope import Scope
from agent.scope.limits import METRICS, STORAGE
from agent.storage.pool import Pool
from agent.tenancy import WORKER, Principal

_MEASURED = timedelta(hours=6)


class Usage:
    """`schedule.Task`: enters tenants one at a time."""

    name: ClassVar[str] = "usage"
    seconds: ClassVar[float] = 60

    def __init__(self, maint: Pool, scope_of: Callable[[str, Principal], Awaitable[Scope]]) -> None:
        self._maint, self._scope_of = maint, scope_of
        self._measured: dict[UUID, datetime] = {}

    async def __call__(self) -> None:
        """One round over all tenants; a tenant that fails does not stop the others."""
        names = await self._maint.fetch(
            "SELECT name FROM agent.tenants WHERE status = 'active' AND placement = 'shared'"
            " AND id <> agent.system_tenant() ORDER BY name"
        )
        for (name,) in names:
            try:
                await self.recount(await self._scope_of(name, WORKER))
            except Exception:
                telemetry.failure("usage_failed", tenant=name)

    async def recount(self, scope: Scope) -> None:
        """One tenant: each counter in a transaction of its own; storage four times a day."""
        for metric in METRICS:
            if metric != STORAGE:
                async with scope.unit() as unit:
                    await unit.usage.recount(metric)
                    await unit.commit()
        before = self._measured.get(scope.tenant.id)
        if before is None or scope.now() - before > _MEASURED:
            async with scope.unit() as unit:
                await unit.usage.measure_storage()
                await unit.commit()
            self._measured[scope.tenant.id] = scope.now()
