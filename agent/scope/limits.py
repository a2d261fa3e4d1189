"""What a tenant may use: limits, how they are counted, and what an operation asks of them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from protocols.errors import ProtocolError

if TYPE_CHECKING:
    from agent.scope.core import Scope

USERS, CREDENTIALS, STORAGE = "users", "credentials", "storage_gb"
API_CALLS, VERIFICATIONS = "api_calls_per_month", "verifications_per_month"
METRICS = (USERS, CREDENTIALS, STORAGE, API_CALLS, VERIFICATIONS)
"""What the data model's TenantLimits names, but wallets, of which this server keeps none: `max_` and the word."""
MONTHLY = frozenset({API_CALLS, VERIFICATIONS})
NEAR = 0.8
"""A limit is near when so much of it is used."""
ALWAYS = date(1970, 1, 1)
GIGABYTE = 10**9


def period_of(metric: str, now: datetime) -> date:
    """The first day of the month that is counted, or ALWAYS."""
    return now.date().replace(day=1) if metric in MONTHLY else ALWAYS


def period_end(metric: str, now: datetime) -> datetime | None:
    """When counting begins anew; None for what is never counted anew."""
    if metric not in MONTHLY:
        return None
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


class LimitReached(ProtocolError):
    """A limit of this tenant is reached."""

    code = "limit_reached"
    status = 403

    def __init__(self, metric: str, now: datetime) -> None:
        super().__init__(metric)
        self.metric, self.fields = metric, {"limit": [f"max_{metric}"]}
        self.ends = period_end(metric, now)
        self.seconds = ceil((self.ends - now).total_seconds()) if self.ends else 3600


class QuotaUsed(LimitReached):
    """A monthly limit of this tenant is used up."""

    status = 429

    def headers(self) -> dict[str, str]:
        """When counting begins anew (RFC 9110, 10.2.3)."""
        return {"Retry-After": str(self.seconds)}


def reached(metric: str, now: datetime) -> LimitReached:
    """The refusal that fits the metric."""
    return (QuotaUsed if metric in MONTHLY else LimitReached)(metric, now)


@dataclass(frozen=True, slots=True)
class Leased:
    """Units that one process may spend: `total` are out in all processes now, of `limit` (None: no limit).

    `full` names the metric that let nothing be leased: this one, or storage.
    """

    id: UUID
    units: int
    total: int
    limit: int | None
    full: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How one limit stands; storage in bytes."""

    metric: str
    limit: int | None
    used: int
    own: bool
    """Whether the limit is the tenant's own, not its tier's."""

    @property
    def state(self) -> str:
        """`ok`, `near` or `reached`."""
        if self.limit is None or self.used < self.limit * NEAR:
            return "ok"
        return "near" if self.used < self.limit else "reached"


@dataclass(frozen=True, slots=True)
class Standings:
    """A tenant's tier, and every limit."""

    tier: str
    limits: Sequence[Standing]


class Usage(Protocol):
    """`unit.usage`."""

    async def lease(self, metric: str, period: date, count: int, holder: str) -> Leased:
        """Units for a process: at least so many, or none. The sum of all leases never passes the limit."""

    async def settle(self, lease: UUID, units: int, spent: int) -> None:
        """Give back what was not spent. Nothing happens to a lease that was taken back in the meantime."""

    async def recount(self, metric: str) -> None:
        """Take back what processes that are gone had leased; count the tables where they know better."""

    async def standings(self, month: date) -> Standings: ...


class TenantLimits(Protocol):
    """`unit.tenant_limits`, of the control plane."""

    async def set(self, limits: Mapping[str, int | None], tier: str | None) -> bool:
        """Limits of the tenant entered by metric (None: its tier's); False without such a tier."""

    async def set_tier(self, name: str, limits: Mapping[str, int | None]) -> None:
        """A tier with exactly these limits; the system tenant is entered."""

    async def tiers(self) -> Sequence[tuple[str, Mapping[str, int | None]]]:
        """Every tier, by name."""


class Quotas(Protocol):
    """Limits as an operation meets them: units from blocks that this process has leased."""

    async def take(self, scope: "Scope", metric: str, count: int = 1) -> None:
        """Spend units. Raises LimitReached, and nothing is spent."""

    def spend(self, scope: "Scope", metric: str, count: int = 1) -> AbstractAsyncContextManager[None]:
        """Spend units for what the block does; they come back when it is refused."""

    async def require(self, scope: "Scope", metric: str) -> None:
        """Spend nothing. Raises LimitReached when nothing is left."""

    async def settle(self, scope: "Scope") -> None:
        """Write down what this process has spent of the tenant's."""

    def near(self, tenant: UUID) -> Sequence[Standing]:
        """The limits that this process knows to be near or reached."""


class Unlimited:
    """`Quotas` of a world without limits: one that is made for a measurement."""

    async def take(self, scope: Any, metric: str, count: int = 1) -> None:
        """Nothing is counted."""

    @asynccontextmanager
    async def spend(self, scope: Any, metric: str, count: int = 1) -> AsyncIterator[None]:
        """Nothing is counted."""
        yield

    async def require(self, scope: Any, metric: str) -> None:
        """Something is always left."""

    async def settle(self, scope: Any) -> None:
        """Nothing was spent."""

    def near(self, tenant: UUID) -> Sequence[Standing]:
        """No limits."""
        return ()
