"""What tenants may use: tiers and limits that the operator sets, and how a tenant stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.audit import AuditEvent
from agent.encryption.vault import TenantVault
from agent.operations.administering.create_tenant import SYSTEM
from agent.operations.administering.suspend_tenant import entered
from agent.scope import Scope
from agent.scope.administering import Control
from agent.scope.limits import API_CALLS, Standings, period_of
from agent.tenancy import Principal
from protocols.errors import ProtocolError


class UnknownTier(ProtocolError):
    """There is no such tier."""

    code = "unknown_tier"
    status = 422


@dataclass(frozen=True, slots=True)
class SetLimits:
    """Request: limits by metric, None for the tier's; `tier` by name; what is not named stays."""

    tenant: str
    limits: Mapping[str, int | None] = field(default_factory=dict)
    tier: str | None = None


@dataclass(frozen=True, slots=True)
class SetTier:
    """Request: the limits of a tier; a metric that is not named has none."""

    name: str
    limits: Mapping[str, int | None]


async def show_limits(scope: Scope, _request: None) -> Standings:
    """How the tenant stands: what this process has spent is written down first, others lag by a minute at most."""
    await scope.quotas.settle(scope)
    async with scope.unit() as unit:
        found: Standings = await unit.usage.standings(period_of(API_CALLS, scope.now()))
    return found


async def set_limits(control: Control, vault: TenantVault, principal: Principal, request: SetLimits) -> None:
    """On the tenant's own record; holds from each process's next lease on. Raises UnknownTenant, UnknownTier."""
    tenant = await entered(control, vault, principal, request.tenant)
    async with control.enter(tenant, principal, vault) as unit:
        if not await unit.tenant_limits.set(request.limits, request.tier):
            raise UnknownTier()
        details: dict[str, Any] = {f"max_{metric}": value for metric, value in request.limits.items()}
        details |= {"tier": request.tier} if request.tier else {}
        unit.record(AuditEvent("limits.set", "tenant", tenant.id, "update", metadata=details))
        unit.changes_catalogue()
        await unit.commit()


async def set_tier(control: Control, vault: TenantVault, principal: Principal, request: SetTier) -> None:
    """Make or replace a tier; it holds for its tenants as `set_limits` does."""
    async with control.enter(SYSTEM, principal, vault) as unit:
        await unit.tenant_limits.set_tier(request.name, request.limits)
        details = {f"max_{metric}": value for metric, value in request.limits.items()}
        unit.record(AuditEvent("tier.set", "tier", None, "update", metadata={"name": request.name, **details}))
        await unit.commit()


async def list_tiers(
    control: Control, vault: TenantVault, principal: Principal
) -> Sequence[tuple[str, Mapping[str, int | None]]]:
    """Every tier with its limits."""
    async with control.enter(SYSTEM, principal, vault) as unit:
        found: Sequence[tuple[str, Mapping[str, int | None]]] = await unit.tenant_limits.tiers()
    return found
