"""Limits and their counters: blocks of units, leased by one process under the counter's row lock."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from agent.scope.limits import (
    ALWAYS,
    API_CALLS,
    CREDENTIALS,
    GIGABYTE,
    METRICS,
    MONTHLY,
    STORAGE,
    USERS,
    Leased,
    Standing,
    Standings,
)
from agent.storage.queries import usage as queries
from agent.storage.statements import Row

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_BLOCK = 256
_PARTS = 16
"""Of what is left under a limit one lease takes at most so many parts: little lies idle with other processes."""
_SETTLED = "settled"
_GRACE = timedelta(minutes=5)
"""A lease counts for so long: no request lasts that long after its process spent the last unit."""


class UsageRepository:
    """`scope.limits.Usage`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def lease(self, metric: str, period: date, count: int, holder: str) -> Leased:
        """The counter is locked from the first statement on, so that what is left is known."""
        unit = self._unit
        which = {"tenant": unit.tenant_id, "metric": metric, "period": period}
        out: int = await queries.LOCK.value(unit.connection, **which)
        effective = await self._effective()
        limit: int | None = effective[f"max_{metric}"]
        left = _BLOCK * _PARTS if limit is None else limit - out
        ceiling = effective["max_storage_gb"]
        stored = ceiling is not None and effective["stored"] >= ceiling * GIGABYTE
        if left < count or (stored and metric != API_CALLS):
            return Leased(UUID(int=0), 0, out, limit, metric if left < count else STORAGE)
        units = max(count, min(_BLOCK, left // _PARTS))
        lease = uuid4()
        await queries.LEASE.run(unit.connection, **which, id=lease, units=units, holder=holder, life=_life(metric))
        return Leased(lease, units, out + units, limit)

    async def settle(self, lease: UUID, units: int, spent: int) -> None:
        """A settled lease stays for a while: what was spent from it may still be under way to its commit."""
        unit, which = self._unit, {"tenant": self._unit.tenant_id, "id_": lease}
        if spent:
            found = await queries.SETTLE.row(unit.connection, **which, units_=spent, holder_=_SETTLED, life=_GRACE)
        else:
            found = await queries.RETURN.row(unit.connection, **which)
        if found:
            await queries.GIVE_BACK.run(
                unit.connection,
                tenant=unit.tenant_id,
                metric=found[0],
                period=found[1],
                unspent=units - spent,
                spent=spent,
            )

    async def recount(self, metric: str) -> None:
        """Of what nobody can count, all that a lost process had leased counts as used."""
        unit, tenant = self._unit, self._unit.tenant_id
        for period, at in await queries.PERIODS.rows(unit.connection, tenant=tenant, metric=metric):
            old = at is None or unit.now - at > timedelta(days=1)
            which = {"tenant": tenant, "metric": metric, "period": period}
            await queries.LOCK.value(unit.connection, **which)
            over = await queries.OVER.rows(unit.connection, **which)
            lost = sum(row[1] for row in over if row[0] != _SETTLED)
            if metric in MONTHLY:
                await queries.GIVE_BACK.run(unit.connection, **which, unspent=0, spent=lost)
            elif lost or old or metric == USERS:
                counted = await queries.COUNTS[metric].value(unit.connection, tenant=tenant)
                await queries.RECOUNT.run(unit.connection, **which, counted=counted)

    async def measure_storage(self) -> int:
        """Bytes of the tenant's rows, without indexes; kept as the counter of storage."""
        unit, size = self._unit, 0
        for statement in queries.SIZES:
            size += int(await statement.value(unit.connection, tenant=unit.tenant_id) or 0)
        which = {"tenant": unit.tenant_id, "metric": STORAGE, "period": ALWAYS}
        await queries.LOCK.value(unit.connection, **which)
        await queries.RECOUNT.run(unit.connection, **which, counted=size)
        return size

    async def standings(self, month: date) -> Standings:
        """Two statements."""
        unit = self._unit
        effective = await self._effective()
        rows = await queries.COUNTERS.rows(unit.connection, tenant=unit.tenant_id, month=month)
        used = {row[0]: row[1] for row in rows}
        limits = []
        for metric in METRICS:
            limit, own = effective[f"max_{metric}"], effective[f"own_{metric}"]
            scale = GIGABYTE if metric == STORAGE else 1
            limits.append(Standing(metric, None if limit is None else limit * scale, used.get(metric, 0), own))
        return Standings(effective["tier"], limits)

    async def _effective(self) -> Row:
        row = await queries.EFFECTIVE.row(self._unit.connection, tenant=self._unit.tenant_id)
        if row is None:
            raise LookupError("the tenant has no row")
        return row


def _life(metric: str) -> timedelta:
    """How long a lease counts that nobody settles: short where tables say what was spent of it."""
    return _GRACE if metric in (USERS, CREDENTIALS) else timedelta(hours=25)


class TenantLimitRepository:
    """`scope.limits.TenantLimits`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def set(self, limits: Mapping[str, int | None], tier: str | None) -> bool:
        """One upsert of what is named."""
        unit = self._unit
        if tier is not None and not await queries.CHOOSE_TIER.run(unit.connection, tenant=unit.tenant_id, tier_=tier):
            return False
        if limits:
            values: dict[str, Any] = {f"max_{metric}": value for metric, value in limits.items()}
            await queries.set_limits(tuple(sorted(values))).run(unit.connection, tenant_id=unit.tenant_id, **values)
        return True

    async def set_tier(self, name: str, limits: Mapping[str, int | None]) -> None:
        """All columns, so that what is not named has no limit."""
        unit = self._unit
        values = {f"max_{metric}": limits.get(metric) for metric in METRICS}
        await queries.SET_TIER.run(unit.connection, tenant_id=unit.tenant_id, name=name, **values)

    async def tiers(self) -> Sequence[tuple[str, Mapping[str, int | None]]]:
        """Every tier, by name."""
        rows = await queries.TIERS.rows(self._unit.connection)
        return [(row["name"], {metric: row[f"max_{metric}"] for metric in METRICS}) for row in rows]
