"""Queued DIDComm messages leave: tried soon, then ever more rarely, then given up."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from agent import telemetry
from agent.operations.messaging.breaker import Breaker, Resting
from agent.operations.messaging.deliver_message import deliver_message, give_up
from agent.scope import Conflict, Scope
from agent.storage.outbox import Leased, Outbox
from agent.storage.pool import Pool
from agent.tenancy import WORKER, Principal
from protocols.errors import ProtocolError
from protocols.ports.tools import FetchFailed, FetchRefused

TOPIC = "didcomm.message"
_AT_ONCE = 16
_LEASE = timedelta(seconds=60)
_ATTEMPTS = 18
_LONGEST = 3600
_LOOK_AGAIN = 0.2
_TOGETHER = 0.01
"""What ends within so many seconds is one claim's room, and not a claim each."""


class Deliveries:
    """A task of the worker: `scope_of(tenant name, principal)` gives the world of one delivery."""

    name: ClassVar[str] = "deliveries"
    seconds: ClassVar[float] = 1

    def __init__(self, pool: Pool, scope_of: Callable[[str, Principal], Awaitable[Scope]]) -> None:
        self._outbox, self._scope_of = Outbox(pool, TOPIC), scope_of
        self._breaker = Breaker()

    async def __call__(self) -> None:
        """Deliver what is due until nothing is. Who is slow takes one place of several, and holds up nobody else."""
        async with asyncio.TaskGroup() as group:
            under_way: set[asyncio.Task[None]] = set()
            while True:
                leased = await self._outbox.claim(_AT_ONCE - len(under_way), _LEASE)
                under_way |= {group.create_task(self._deliver(row)) for row in leased}
                if not under_way:
                    return
                timeout = None if len(under_way) >= _AT_ONCE else _LOOK_AGAIN
                await asyncio.wait(under_way, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.sleep(_TOGETHER)
                under_way = {one for one in under_way if not one.done()}

    async def _deliver(self, row: Leased) -> None:
        try:
            scope = await self._scope_of(row.tenant, WORKER)
            await deliver_message(scope, UUID(row.payload["message"]), self._breaker)
        except Conflict:  # somebody else, whose lease had ended, was as fast
            await self._outbox.clear(row)
        except Resting as resting:
            await self._outbox.postpone(row, timedelta(seconds=resting.seconds), tried=False)
        except (ProtocolError, FetchFailed, FetchRefused) as error:
            telemetry.log("delivery_failed", attempt=row.attempts, reason=type(error).__name__)
            await self._later(row)
        except Exception:
            # A fault of ours with one message is nobody else's.
            telemetry.failure("delivery_failed", attempt=row.attempts)
            await self._later(row)
        else:
            await self._outbox.clear(row)

    async def _later(self, row: Leased) -> None:
        if row.attempts < _ATTEMPTS:
            # Twice as long each time, and never all at the same moment.
            seconds = min(_LONGEST, 2 ** (row.attempts - 1)) * random.uniform(0.75, 1.25)  # noqa: S311  # jitter
            await self._outbox.postpone(row, timedelta(seconds=seconds))
            return
        with suppress(ProtocolError):  # sent by somebody else, or the tenant is gone
            await give_up(await self._scope_of(row.tenant, WORKER), UUID(row.payload["message"]))
        await self._outbox.clear(row)
