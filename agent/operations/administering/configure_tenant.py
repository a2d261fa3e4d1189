"""How a tenant sets itself up, from now on, in every process."""

from collections.abc import Mapping
from typing import Any

from agent.audit import AuditEvent
from agent.operations.administering.configure_verifier import require_webhook
from agent.scope import Scope


async def show_configuration(scope: Scope, _request: None) -> Mapping[str, Mapping[str, Any]]:
    """The sections, with what was set."""
    async with scope.unit() as unit:
        found: Mapping[str, Mapping[str, Any]] = await unit.configuration.read()
    return found


async def configure_tenant(scope: Scope, sections: Mapping[str, Mapping[str, Any]]) -> None:
    """Set the members that are named. Raises InvalidSettings for a webhook that nobody could reach."""
    webhook = sections.get("notifications", {}).get("webhook")
    if webhook:
        require_webhook(webhook["url"])
    async with scope.unit() as unit:
        await unit.configuration.change(sections)
        names = sorted(f"{name}.{key}" for name, section in sections.items() for key in section)
        unit.record(AuditEvent("tenant.configured", "tenant", scope.tenant.id, "update", None, {"set": names}))
        unit.changes_catalogue()
        await unit.commit()
