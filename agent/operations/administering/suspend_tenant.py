"""A tenant is served no more, or again: every process hears of it when it is committed."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.audit import AuditEvent
from agent.encryption.vault import TenantVault
from agent.operations.administering.create_tenant import SYSTEM
from agent.scope import Conflict
from agent.scope.administering import Control, TenantListing
from agent.scope.core import DatabaseGone
from agent.tenancy import Principal, Tenant
from protocols.errors import ProtocolError


class UnknownTenant(ProtocolError):
    """There is no tenant of this name."""

    code = "not_found"
    status = 404


@dataclass(frozen=True, slots=True)
class SetTenantStatus:
    """Request: `status` is active or suspended."""

    name: str
    status: str


async def entered(control: Control, vault: TenantVault, principal: Principal, name: str) -> Tenant:
    """The tenant of this name, to be entered by the control plane. Raises UnknownTenant.

    Nothing of the tenant's is sealed or opened there, so the operator's own vault will do.
    """
    async with control.enter(SYSTEM, principal, vault) as unit:
        listed: Sequence[TenantListing] = await unit.tenants.all()
    found = next((one for one in listed if one.name == name), None)
    if found is None:
        raise UnknownTenant()
    return Tenant(found.id, found.name, "", database=found.database)


async def set_tenant_status(
    control: Control, vault: TenantVault, principal: Principal, request: SetTenantStatus
) -> None:
    """On the tenant's own record. Raises UnknownTenant, Conflict where it is so already or the tenant is leaving.

    Nothing of a suspended tenant is answered: neither wallets nor verifiers, its status lists included.
    """
    tenant = await entered(control, vault, principal, request.name)
    if tenant.database is None:
        await _set(control, vault, principal, tenant, tenant, request.status)
        return
    # What the shared database says is what holds; a tenant whose own cannot be reached can be suspended still.
    await _set(control, vault, principal, SYSTEM, tenant, request.status)
    try:
        await _set(control, vault, principal, tenant, tenant, request.status)
    except (DatabaseGone, Conflict):
        return


async def _set(
    control: Control, vault: TenantVault, principal: Principal, within: Tenant, tenant: Tenant, status: str
) -> None:
    async with control.enter(within, principal, vault) as unit:
        if not await unit.tenants.set_status(tenant.id, status):
            raise Conflict(f"not to be {status}")
        event = "tenant.suspended" if status == "suspended" else "tenant.reinstated"
        unit.record(AuditEvent(event, "tenant", tenant.id, "update"))
        unit.changes_catalogue()
        await unit.commit()
