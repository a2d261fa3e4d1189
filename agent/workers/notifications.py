"""Ends of presentations leave for the verifiers' webhooks: tried soon, then ever more rarely, then given up."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import ClassVar

from agent import telemetry
from agent.operations.verifying.notify_verifier import TOPIC, NotDelivered, notify_verifier
from agent.scope import Scope
from agent.storage.outbox import Leased, Outbox
from agent.storage.pool import Pool
from agent.tenancy import WORKER, Principal
from protocols.errors import ProtocolError
from protocols.ports.tools import FetchFailed, FetchRefused

_AT_ONCE = 16
_LEASE = timedelta(seconds=60)
_ATTEMPTS = 10


class Notifications:
    """A task of the worker: `scope_of(tenant name, principal)` gives the world of one message."""

    name: ClassVar[str] = "notifications"
    seconds: ClassVar[float] = 1

    def __init__(self, pool: Pool, scope_of: Callable[[str, Principal], Awaitable[Scope]]) -> None:
        self._outbox, self._scope_of = Outbox(pool, TOPIC), scope_of

    async def __call__(self) -> None:
        """Send what is due until nothing is."""
        while leased := await self._outbox.claim(_AT_ONCE, _LEASE):
            await asyncio.gather(*(self._send(row) for row in leased))

    async def _send(self, row: Leased) -> None:
        try:
            scope = await self._scope_of(row.tenant, WORKER)
            await notify_verifier(scope, f"{row.payload['report']}-{row.payload['state']}", row.payload)
        except (ProtocolError, NotDelivered, FetchFailed, FetchRefused) as error:
            telemetry.log("notification_failed", attempt=row.attempts, reason=type(error).__name__)
            if row.attempts < _ATTEMPTS:
                await self._outbox.postpone(row, timedelta(seconds=5 * 4 ** (row.attempts - 1)))
                return
        await self._outbox.clear(row)
