"""The admin API's rows for tenants, for who operates the server."""

from collections.abc import Sequence
from typing import Any

from marshmallow import fields, validate

from agent.http.admin_schemas import ClosedSchema, TenantBody
from agent.http.failures import NotFound
from agent.operations.administering import scopes
from agent.operations.administering.create_tenant import create_tenant
from agent.operations.administering.suspend_tenant import SetTenantStatus, set_tenant_status
from agent.scope import Scope
from agent.scope.administering import Control, CreatedTenant, CreateTenant, TenantListing
from protocols.http import NO_STORE, Call, Reply, Route, json_reply


class TenantStatusBody(ClosedSchema):
    """PATCH /tenants/{tenant}."""

    status = fields.String(required=True, validate=validate.OneOf(("active", "suspended")))


def control_of(scope: Scope) -> Control:
    """The control plane. Raises NotFound for everybody but the operator."""
    if scope.control is None:
        raise NotFound("only for the operator")
    return scope.control


def _tenant(call: Call) -> CreateTenant:
    body = TenantBody.read(call)
    return CreateTenant(
        body["name"],
        body["display_name"],
        key_stores=body["key_stores"],
        country=body["country"],
        configurations=tuple(dict.fromkeys(body["configurations"])),
        database="{server}/{name}".format(**body["database"]) if body["database"] else None,
    )


async def _create(scope: Scope, request: CreateTenant) -> CreatedTenant:
    return await create_tenant(control_of(scope), request)


def _made(made: CreatedTenant) -> Reply:
    body = {
        "id": str(made.id),
        "name": made.name,
        "credential_issuer": made.credential_issuer,
        "api_key": made.api_key,
    }
    return json_reply(body, 201, headers=NO_STORE)


def _nothing(_call: Call) -> None:
    return None


async def _list(scope: Scope, _request: None) -> Sequence[TenantListing]:
    async with control_of(scope).enter(scope.tenant, scope.principal, scope.vault) as unit:
        found: Sequence[TenantListing] = await unit.tenants.all()
    return found


def _tenants(found: Sequence[TenantListing]) -> Reply:
    items: list[dict[str, Any]] = [
        {
            "id": str(one.id),
            "name": one.name,
            "display_name": one.display_name,
            "status": one.status,
            "created_at": one.created_at,
            "database": one.database,
        }
        for one in found
    ]
    return json_reply({"items": items, "next": None}, headers=NO_STORE)


def _status(call: Call) -> SetTenantStatus:
    return SetTenantStatus(call.path["tenant"], TenantStatusBody.read(call)["status"])


async def _set_status(scope: Scope, request: SetTenantStatus) -> None:
    await set_tenant_status(control_of(scope), scope.vault, scope.principal, request)


def _done(_: object) -> Reply:
    return Reply(204)


ROWS = (
    Route("POST", "/tenants", scopes.TENANTS_WRITE, _tenant, _create, _made),
    Route("GET", "/tenants", scopes.TENANTS_READ, _nothing, _list, _tenants),
    Route("PATCH", "/tenants/{tenant}", scopes.TENANTS_WRITE, _status, _set_status, _done),
)
"""Rows under the admin API's base."""
BODIES = {("POST", "/tenants"): TenantBody, ("PATCH", "/tenants/{tenant}"): TenantStatusBody}
