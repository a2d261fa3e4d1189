"""Erasures enter the journal outside the database: from then on no backup brings the person back."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from agent import telemetry
from agent.lifecycle.journal import ErasureJournal
from agent.operations.keeping.erase_person import ERASED, show_erasure
from agent.scope import Scope
from agent.storage.outbox import Outbox
from agent.storage.pool import Pool
from agent.tenancy import WORKER, Principal

_AT_ONCE = 100
_LEASE = timedelta(seconds=30)


class Erasures:
    """`schedule.Task`: `scope_of(tenant name, principal)` gives the world of one erasure."""

    name: ClassVar[str] = "erasures"
    seconds: ClassVar[float] = 1

    def __init__(
        self, pool: Pool, scope_of: Callable[[str, Principal], Awaitable[Scope]], journal: ErasureJournal
    ) -> None:
        self._outbox, self._scope_of, self._journal = Outbox(pool, ERASED), scope_of, journal

    async def __call__(self) -> None:
        """Until nothing is due; what fails is tried again when its lease ends, for as long as it takes."""
        while leased := await self._outbox.claim(_AT_ONCE, _LEASE):
            for row in leased:
                try:
                    scope = await self._scope_of(row.tenant, WORKER)
                    await self._journal.write(scope, await show_erasure(scope, UUID(row.payload["erasure"])))
                except Exception:
                    telemetry.failure("journal_failed", tenant=row.tenant)
                else:
                    await self._outbox.clear(row)
