"""The admin API described: OpenAPI 3.1 from the route table and the schemas that read the bodies."""

import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from agent.http import admin_schemas as schemas
from agent.http import admin_sign_in_schemas as sign_in
from agent.http import (
    anoncreds_routes,
    compliance_routes,
    configuration_schemas,
    did_routes,
    didcomm_credential_routes,
    didcomm_routes,
    issuer_schemas,
    job_routes,
    keeping_routes,
    limit_routes,
    people_routes,
    policy_schemas,
    quality_routes,
    status_routes,
    tenant_configuration_routes,
    tenant_routes,
    verification_policy_routes,
    verifier_admin_routes,
)
from agent.http.admin_routes import BASE, ROUTES
from protocols.http import Route

BODIES: Mapping[tuple[str, str], type[schemas.ClosedSchema]] = {
    ("POST", "/credential-offers"): schemas.CredentialOfferBody,
    **status_routes.BODIES,
    **verifier_admin_routes.BODIES,
    **verification_policy_routes.BODIES,
    **people_routes.BODIES,
    **didcomm_routes.BODIES,
    **didcomm_credential_routes.BODIES,
    **compliance_routes.BODIES,
    **keeping_routes.BODIES,
    ("POST", "/trust-anchors"): schemas.TrustAnchorBody,
    **tenant_routes.BODIES,
    **job_routes.BODIES,
    **quality_routes.BODIES,
    **limit_routes.BODIES,
    **tenant_configuration_routes.BODIES,
    ("POST", "/api-keys"): schemas.ApiKeyBody,
    ("POST", "/keys"): issuer_schemas.KeyBody,
    ("POST", "/credential-types"): issuer_schemas.TypeBody,
    ("POST", "/approvals/{approval}/approve"): policy_schemas.ApproveBody,
    ("POST", "/approvals/{approval}/deny"): policy_schemas.DenyBody,
    ("POST", "/issuance-policies"): policy_schemas.IssuancePolicyBody,
    ("PATCH", "/credential-configurations/{configuration}/type"): issuer_schemas.ChosenTypeBody,
    ("PATCH", "/credential-configurations/{configuration}"): configuration_schemas.ConfigurationBody,
    ("POST", "/credential-configurations"): configuration_schemas.NewConfigurationBody,
    ("POST", "/credential-definitions"): configuration_schemas.DefinitionBody,
    ("POST", "/identity-providers"): sign_in.IdentityProviderBody,
    ("PATCH", "/users/{user}"): sign_in.UserStatusBody,
    ("POST", "/dids"): did_routes.DidBody,
    ("PATCH", "/dids/{did}"): did_routes.DidChangeBody,
    ("POST", "/dids/{did}/approvals"): did_routes.ApprovalBody,
    ("POST", "/did-approvals"): did_routes.WitnessBody,
    **anoncreds_routes.BODIES,
}
_TELLING = ("/activate", "/test")
_SILENT = ("/approve", "/deny", "/payment", "/message")
_NAMED = ("configuration", "table")
"""Parameters of paths that are names and not ids."""
_PROBLEM = {
    "description": "Refused (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def document() -> dict[str, Any]:
    """The whole description."""
    spec = APISpec(
        title="Chancery admin API",
        version=version("chancery"),
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin(schema_name_resolver=_name)],
        info={
            "description": "Issue, request, verify and administer. Every call needs an API key with the scope named."
        },
        security=[{"api_key": []}],
    )
    spec.components.security_scheme("api_key", {"type": "http", "scheme": "bearer", "bearerFormat": "API key"})
    spec.components.schema("Problem", component=_problem())
    for path in dict.fromkeys(row.path for row in ROUTES):
        spec.path(path=path, operations={row.method.lower(): _operation(row) for row in ROUTES if row.path == path})
    found: dict[str, Any] = spec.to_dict()
    return found


def _name(schema: Any) -> str:
    """Of a class, and of the instance that a nested field holds."""
    found: str = getattr(schema, "__name__", type(schema).__name__)
    return found


def _problem() -> dict[str, Any]:
    text = {"type": "string"}
    members = {"type": text, "title": text, "status": {"type": "integer"}, "code": text, "errors": {"type": "object"}}
    return {"type": "object", "required": ["type", "title", "code"], "properties": members}


def _operation(row: Route) -> dict[str, Any]:
    path = row.path.removeprefix(BASE)
    body = BODIES.get((row.method, path))
    success = {"POST": "201", "DELETE": "204"}.get(row.method, "200")
    if path.endswith((*status_routes.VERBS, *_TELLING)):
        success = "200"
    elif path.endswith(_SILENT):
        success = "204"
    operation: dict[str, Any] = {
        "operationId": re.sub(r"[^a-z]+", "_", f"{row.method.lower()} {path}").strip("_"),
        "description": f"Needs the scope `{row.requires}`.",
        "parameters": [_parameter(name) for name in re.findall(r"{(\w+)}", path)] + _headers(row, path),
        "responses": {success: {"description": "Done."}, "4XX": _PROBLEM},
    }
    if row.method == "PUT" and path.startswith("/claim-tables/"):
        operation["requestBody"] = {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation


def _parameter(name: str) -> dict[str, Any]:
    schema = {"type": "string"} if name in _NAMED else {"type": "string", "format": "uuid"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _headers(row: Route, path: str) -> list[dict[str, Any]]:
    if row.method == "POST":
        text = "Makes the call happen once, however often it is sent."
        return [{"name": "Idempotency-Key", "in": "header", "description": text, "schema": {"type": "string"}}]
    if path in ("/credentials", "/approvals", "/users"):
        return [{"name": "after", "in": "query", "description": "Cursor.", "schema": {"type": "string"}}]
    return []
