"""What mediators hold for our tenants is picked up: over a connection that stays where there is one, else by asking."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import ClassVar
from uuid import UUID

from agent import telemetry
from agent.operations.messaging.mediator_line import mediator_of
from agent.operations.messaging.pick_up import open_line, pick_up, take_frame
from agent.scope import Scope
from agent.scope.mediating import Mediation
from agent.storage.pool import Pool
from agent.tenancy import WORKER, Principal
from protocols.errors import ProtocolError
from protocols.ports.tools import FetchFailed, FetchRefused

_QUIET = 60.0
_SLOWEST = 15.0


class Pickups:
    """`schedule.Task`: finds the agreements every few seconds and keeps one line for each."""

    name: ClassVar[str] = "pickups"
    seconds: ClassVar[float] = 5

    def __init__(self, pool: Pool, scope_of: Callable[[str, Principal], Awaitable[Scope]]) -> None:
        self._pool, self._scope_of = pool, scope_of
        self._lines: dict[UUID, asyncio.Task[None]] = {}

    async def __call__(self) -> None:
        """One round over all tenants: lines for new agreements, none for those that ended."""
        names = await self._pool.fetch(
            "SELECT name FROM agent.tenants WHERE status = 'active' AND placement = 'shared'"
            " AND id <> agent.system_tenant() ORDER BY name"
        )
        wanted: dict[UUID, tuple[str, Mediation]] = {}
        for (name,) in names:
            try:
                scope = await self._scope_of(name, WORKER)
                async with scope.unit() as unit:
                    wanted |= {one.id: (name, one) for one in await unit.mediations.granted_to_us()}
            except Exception:
                telemetry.failure("pickups_failed", tenant=name)
        for row, (name, mediation) in wanted.items():
            if row not in self._lines:
                self._lines[row] = asyncio.create_task(self._keep(name, mediation))
        for row in self._lines.keys() - wanted.keys():
            self._lines.pop(row).cancel()

    async def close(self) -> None:
        """End every line."""
        lines, self._lines = list(self._lines.values()), {}
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)

    async def _keep(self, tenant: str, mediation: Mediation) -> None:
        """Again and again: soon after a first failure, as it may be a restart, and ever more slowly after others."""
        failures = 0
        while True:
            try:
                fetched = await self._line(await self._scope_of(tenant, WORKER), mediation)
                failures, pause = 0, 0.2 if fetched else 1.0
            except (ProtocolError, FetchFailed, FetchRefused, TimeoutError) as error:
                telemetry.log("pickup_failed", reason=type(error).__name__)
                failures = min(failures + 1, 8)
                pause = min(_SLOWEST, 0.25 * 2**failures)
            except Exception:
                telemetry.failure("pickup_failed")
                pause = _SLOWEST
            # Those who lost one mediator do not come back to it all at one moment.
            await asyncio.sleep(pause * random.uniform(0.75, 1.25))  # noqa: S311  # jitter

    async def _line(self, scope: Scope, mediation: Mediation) -> int:
        mediator = await mediator_of(scope, mediation)
        line = await open_line(scope, mediator)
        if line is None:
            return await pick_up(scope, mediation)
        fetched = 0
        try:
            while True:
                with suppress(TimeoutError):
                    octets = await line.socket.receive(_QUIET)
                    if octets is None:
                        return fetched
                    fetched += await take_frame(scope, line, octets)
                    continue
                # A quiet line may be a dead one: asking shows, and fetches what was missed.
                await pick_up(scope, mediation)
        finally:
            await line.socket.close()
