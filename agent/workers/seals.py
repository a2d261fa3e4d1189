"""Sealing every tenant's logs, round after round."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar

from agent import telemetry
from agent.operations.keeping.seal_audit import seal_audit
from agent.scope import Scope
from agent.storage.pool import Pool
from agent.storage.unit_of_work import unit_of_work
from agent.tenancy import WORKER, Principal


class Seals:
    """`schedule.Task`: enters tenants one at a time, as the maintenance role."""

    name: ClassVar[str] = "seals"
    seconds: ClassVar[float] = 5

    def __init__(self, maint: Pool, scope_of: Callable[[str, Principal], Awaitable[Scope]]) -> None:
        self._maint, self._scope_of = maint, scope_of

    async def __call__(self) -> None:
        """One round over all tenants; a tenant that fails does not stop the others."""
        names = await self._maint.fetch(
            "SELECT name FROM agent.tenants WHERE status = 'active' AND placement = 'shared'"
            " AND id <> agent.system_tenant() ORDER BY name"
        )
        for (name,) in names:
            try:
                await self.seal(name)
            except Exception:
                telemetry.failure("sealing_failed", tenant=name)

    async def seal(self, name: str) -> int:
        """One tenant; how many rows."""
        scope = await self._scope_of(name, WORKER)
        return await seal_audit(scope, partial(unit_of_work, self._maint, scope.tenant, WORKER, scope.vault, scope.now))
