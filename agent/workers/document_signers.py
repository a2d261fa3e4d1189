"""Document signers are followed by others before they come to their end, tenant by tenant."""

from collections.abc import Awaitable, Callable
from typing import ClassVar

from agent import telemetry
from agent.operations.administering.document_signers import renew
from agent.scope import Scope
from agent.storage.pool import Pool
from agent.tenancy import WORKER, Principal


class DocumentSigners:
    """`schedule.Task`: enters tenants one at a time."""

    name: ClassVar[str] = "document_signers"
    seconds: ClassVar[float] = 3600

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
                await renew(await self._scope_of(name, WORKER))
            except Exception:
                telemetry.failure("renewal_failed", tenant=name)
