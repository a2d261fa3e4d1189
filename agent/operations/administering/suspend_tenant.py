"""A tenant is served no more, or again: every process hears of it when it is committed."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.audit import AuditEvent
from agent.encryption.vault import TenantVault
from agent.operations.administering.create_tenant import SYSTEM
from agent.scope import Conflict
from agent.scope.administering import Control, TenantListing
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


async def set_tenant_status(
    control: Control, vault: TenantVault, principal: Principal, request: SetTenantStatus
) -> None:
    """On the tenant's own record. Raises UnknownTenant, Conflict where it is so already or the tenant is leaving.

    Nothing of a suspended tenant is answered: neither wallets nor verifiers, its status lists included.
    """
    async with control.enter(SYSTEM, principal, vault) as unit:
        listed: Sequence[TenantListing] = await unit.tenants.all()
    found = next((one for one in listed if one.name == request.name), None)
    if found is None:
        raise UnknownTenant()
    # Nothing of the tenant's is sealed or opened here, so the operator's own vault will do.
    async with control.enter(Tenant(found.id, found.name, ""), principal, vault) as unit:
        if not await unit.tenants.set_status(request.status):
            raise Conflict(f"not to be {request.status}")
        event = "tenant.suspended" if request.status == "suspended" else "tenant.reinstated"
        unit.record(AuditEvent(event, "tenant", found.id, "update"))
        unit.changes_catalogue()
        await unit.commit()
