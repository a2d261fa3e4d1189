"""Ends of presentations, and notices, leave by webhook or mail: tried soon, then ever more rarely, then given up."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import ClassVar

from agent import telemetry
from agent.mail import Mailer, NotSent
from agent.operations.keeping.tell_notices import MAIL_TOPIC, letter, send_notice
from agent.operations.keeping.tell_notices import TOPIC as NOTICE
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

    def __init__(self, pool: Pool, scope_of: Callable[[str, Principal], Awaitable[Scope]], mailer: Mailer) -> None:
        self._outboxes = [(Outbox(pool, TOPIC), _ended), (Outbox(pool, NOTICE), _noticed)]
        self._outboxes.append((Outbox(pool, MAIL_TOPIC), self._mailed))
        self._scope_of, self._mailer = scope_of, mailer

    async def __call__(self) -> None:
        """Send what is due until nothing is."""
        for outbox, tell in self._outboxes:
            while leased := await outbox.claim(_AT_ONCE, _LEASE):
                await asyncio.gather(*(self._send(outbox, tell, row) for row in leased))

    async def _send(self, outbox: Outbox, tell: Callable[[Scope, Leased], Awaitable[None]], row: Leased) -> None:
        try:
            await tell(await self._scope_of(row.tenant, WORKER), row)
        except (ProtocolError, NotDelivered, NotSent, FetchFailed, FetchRefused) as error:
            telemetry.log("notification_failed", attempt=row.attempts, reason=type(error).__name__)
            if row.attempts < _ATTEMPTS:
                await outbox.postpone(row, timedelta(seconds=5 * 4 ** (row.attempts - 1)))
                return
        await outbox.clear(row)

    async def _mailed(self, scope: Scope, row: Leased) -> None:
        written = letter(scope, str(row.id), row.payload)
        if written and self._mailer.on:
            await self._mailer.send(written)


async def _ended(scope: Scope, row: Leased) -> None:
    await notify_verifier(scope, f"{row.payload['report']}-{row.payload['state']}", row.payload)


async def _noticed(scope: Scope, row: Leased) -> None:
    await send_notice(scope, str(row.id), row.payload)
