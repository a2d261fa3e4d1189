"""The admin API described: OpenAPI 3.1 from the route table and the schemas that read the bodies."""

import re
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from agent.http import admin_schemas as schemas
from agent.http import issuer_schemas
from agent.http.admin_routes import BASE, ROUTES
from protocols.http import Route

BODIES: Mapping[tuple[str, str], type[schemas.ClosedSchema]] = {
    ("POST", "/credential-offers"): schemas.CredentialOfferBody,
    ("POST", "/credentials/{credential}/revoke"): schemas.RevocationBody,
    ("POST", "/presentation-requests"): schemas.PresentationRequestBody,
    ("POST", "/trust-anchors"): schemas.TrustAnchorBody,
    ("POST", "/tenants"): schemas.TenantBody,
    ("POST", "/api-keys"): schemas.ApiKeyBody,
    ("POST", "/keys"): issuer_schemas.KeyBody,
    ("POST", "/credential-types"): issuer_schemas.TypeBody,
    ("PATCH", "/credential-configurations/{configuration}"): issuer_schemas.ChosenTypeBody,
}
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
        plugins=[MarshmallowPlugin(schema_name_resolver=lambda schema: getattr(schema, "__name__", str(schema)))],
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


def _problem() -> dict[str, Any]:
    text = {"type": "string"}
    members = {"type": text, "title": text, "status": {"type": "integer"}, "code": text, "errors": {"type": "object"}}
    return {"type": "object", "required": ["type", "title", "code"], "properties": members}


def _operation(row: Route) -> dict[str, Any]:
    path = row.path.removeprefix(BASE)
    body = BODIES.get((row.method, path))
    success = {"POST": "201", "DELETE": "204"}.get(row.method, "200")
    if path.endswith("/revoke"):
        success = "200"
    operation: dict[str, Any] = {
        "operationId": re.sub(r"[^a-z]+", "_", f"{row.method.lower()} {path}").strip("_"),
        "description": f"Needs the scope `{row.requires}`.",
        "parameters": [_parameter(name) for name in re.findall(r"{(\w+)}", path)] + _headers(row, path),
        "responses": {success: {"description": "Done."}, "4XX": _PROBLEM},
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation


def _parameter(name: str) -> dict[str, Any]:
    text = {"type": "string"} if name == "configuration" else {"type": "string", "format": "uuid"}
    return {"name": name, "in": "path", "required": True, "schema": text}


def _headers(row: Route, path: str) -> list[dict[str, Any]]:
    if row.method == "POST":
        text = "Makes the call happen once, however often it is sent."
        return [{"name": "Idempotency-Key", "in": "header", "description": text, "schema": {"type": "string"}}]
    if path == "/credentials":
        return [{"name": "after", "in": "query", "description": "Cursor.", "schema": {"type": "string"}}]
    return []
