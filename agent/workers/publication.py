"""Status lists that changed are signed soon after: each once, however many changes asked for it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import ClassVar

from agent import telemetry
from agent.operations.issuing.change_status import CHANGED
from agent.operations.issuing.publish_status_list import publish_changed
from agent.scope import Scope
from agent.storage.outbox import Leased, Outbox
from agent.storage.pool import Pool
from agent.tenancy import WORKER, Principal

_AT_ONCE = 500
_LEASE = timedelta(seconds=30)


class Publication:
    """`schedule.Task`: `scope_of(tenant name, principal)` gives the world of one publication."""

    name: ClassVar[str] = "publication"
    seconds: ClassVar[float] = 2

    def __init__(self, pool: Pool, scope_of: Callable[[str, Principal], Awaitable[Scope]]) -> None:
        self._outbox, self._scope_of = Outbox(pool, CHANGED), scope_of

    async def __call__(self) -> None:
        """Publish until nothing is due; a list that fails is tried again when its lease ends."""
        while leased := await self._outbox.claim(_AT_ONCE, _LEASE):
            lists: dict[tuple[str, str], list[Leased]] = {}
            for row in leased:
                lists.setdefault((row.tenant, row.payload["uri"]), []).append(row)
            for (tenant, uri), rows in lists.items():
                try:
                    await publish_changed(await self._scope_of(tenant, WORKER), uri)
                except Exception:
                    telemetry.failure("publication_failed", tenant=tenant)
                else:
                    for row in rows:
                        await self._outbox.clear(row)
