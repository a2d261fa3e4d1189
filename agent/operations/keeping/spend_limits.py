"""Units of a tenant's limits, from blocks that this process leased: the hot path spends from memory."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.keeping.tell_notices import tell
from agent.scope import Scope
from agent.scope.limits import NEAR, STORAGE, Leased, Standing, period_of, reached
from protocols.errors import ProtocolError

_SYSTEM = UUID(int=0)
_FRESH_SECONDS = 60.0
"""A lease is spent from for so long, then a new one is taken: far less than it takes until it is taken back."""
_REFUSED_SECONDS = 1.0
"""After a refusal nobody asks the database again for so long."""


@dataclass(slots=True)
class _Purse:
    """What this process has of one metric of one tenant."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    scope: Scope | None = None
    lease: Leased | None = None
    period: date | None = None
    spent: int = 0
    since: float = 0.0
    refused: float = float("-inf")

    def holds(self, count: int, period: date, now: float) -> bool:
        """Whether so many units can be spent from it."""
        fresh = self.period == period and now - self.since < _FRESH_SECONDS
        return fresh and self.lease is not None and self.lease.units - self.spent >= count


class SpentQuotas:
    """`scope.limits.Quotas` of one process, which the leases name as their `holder`."""

    def __init__(self, holder: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._holder, self._now = holder, monotonic
        self._purses: dict[tuple[UUID, str], _Purse] = {}

    async def take(self, scope: Scope, metric: str, count: int = 1) -> None:
        """See `scope.limits.Quotas`."""
        if scope.tenant.id != _SYSTEM:
            purse = await self._filled(scope, metric, count)
            purse.spent += count

    @asynccontextmanager
    async def spend(self, scope: Scope, metric: str, count: int = 1) -> AsyncIterator[None]:
        """A refusal has committed nothing; of any other failure nobody knows, so what was spent stays spent."""
        await self.take(scope, metric, count)
        purse = self._purses.get((scope.tenant.id, metric))
        lease = purse.lease if purse else None
        try:
            yield
        except ProtocolError:
            if purse and lease and purse.lease is lease:
                purse.spent -= count
            raise

    async def require(self, scope: Scope, metric: str) -> None:
        """See `scope.limits.Quotas`."""
        if scope.tenant.id != _SYSTEM:
            await self._filled(scope, metric, 1)

    async def settle(self, scope: Scope) -> None:
        """See `scope.limits.Quotas`."""
        for (tenant, metric), purse in list(self._purses.items()):
            if tenant == scope.tenant.id:
                purse.refused = float("-inf")
                await self._give_back(scope, metric, purse)

    async def close(self) -> None:
        """Everything unspent goes back."""
        for (_, metric), purse in list(self._purses.items()):
            if purse.scope and purse.lease:
                await self._give_back(purse.scope, metric, purse)

    def near(self, tenant: UUID) -> Sequence[Standing]:
        """See `scope.limits.Quotas`; as of this process's last lease."""
        held = ((metric, purse.lease) for (one, metric), purse in self._purses.items() if one == tenant)
        known = (Standing(metric, one.limit, one.total, own=False) for metric, one in held if one)
        return [one for one in known if one.state != "ok"]

    async def _filled(self, scope: Scope, metric: str, count: int) -> _Purse:
        """A purse that holds so many units, of which nothing else is awaited before they are spent."""
        purse = self._purses.setdefault((scope.tenant.id, metric), _Purse())
        period = period_of(metric, scope.now())
        if not purse.holds(count, period, self._now()):
            async with purse.lock:
                if not purse.holds(count, period, self._now()):
                    await self._fill(scope, metric, count, period, purse)
        return purse

    async def _fill(self, scope: Scope, metric: str, count: int, period: date, purse: _Purse) -> None:
        if self._now() - purse.refused < _REFUSED_SECONDS:
            raise reached(metric, scope.now())
        before, purse.lease = purse.lease, None  # nothing is spent from it any more, whatever is awaited
        async with scope.unit() as unit:
            if before and before.units:
                await unit.usage.settle(before.id, before.units, purse.spent)
            leased: Leased = await unit.usage.lease(metric, period, count, self._holder)
            _note(scope, unit, metric, leased)
            await unit.commit()
        purse.scope, purse.lease, purse.period, purse.spent, purse.since = scope, leased, period, 0, self._now()
        if leased.full:
            purse.refused = self._now()
            raise reached(leased.full, scope.now())

    async def _give_back(self, scope: Scope, metric: str, purse: _Purse) -> None:
        async with purse.lock:
            lease, spent = purse.lease, purse.spent
            if lease is None or not lease.units:
                return
            purse.lease, purse.spent = replace(lease, units=0), 0  # nothing is spent from it while it is written down
            async with scope.unit() as unit:
                await unit.usage.settle(lease.id, lease.units, spent)
                await unit.commit()


def _note(scope: Scope, unit: Any, metric: str, leased: Leased) -> None:
    """On record once, by the lease that crosses the line."""
    limit = leased.limit
    if not limit or not leased.units or metric == STORAGE:
        return
    before = leased.total - leased.units
    for event, line in (("limit.reached", limit), ("limit.near", NEAR * limit)):
        if before < line <= leased.total:
            details = {"limit": f"max_{metric}", "value": limit}
            unit.record(AuditEvent(event, "limit", None, "warn", metadata=details))
            tell(scope, unit, event, details)
            return
