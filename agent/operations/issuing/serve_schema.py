"""GET /schemas/{type}: the JSON Schema of a credential type, as its W3C credentials name it (VC JSON Schema, 2.1)."""

from collections.abc import Mapping
from typing import Any

from agent.scope import Scope
from agent.scope.tenants import CredentialConfiguration
from protocols.encoding import render_stable_json
from protocols.errors import ProtocolError


class NoSuchSchema(ProtocolError):
    """There is no such schema."""

    code = "not_found"
    status = 404


def address(scope: Scope, configuration: CredentialConfiguration) -> str | None:
    """Where the schema of the configuration's type is; None where its credentials name none."""
    if configuration.schema is None or not configuration.options.get("credentialSchema"):
        return None
    return f"{prefix(scope)}{configuration.type_id}"


def prefix(scope: Scope) -> str:
    """What the addresses of the tenant's own schemas begin with."""
    return f"{scope.tenant.base_url}/schemas/"


async def serve_schema(scope: Scope, uri: str) -> bytes:
    """The schema at an address of ours, which never changes. Raises NoSuchSchema."""
    for one in scope.catalogue.every_configuration:
        if one.schema is not None and address(scope, one) == uri:
            return render_stable_json(dict(_of_credential(uri, one.schema)))
    raise NoSuchSchema()


def _of_credential(uri: str, claims: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema of the whole credential, whose subject has the claims. References within stay where they lead."""
    named = claims.get("properties", {})
    # Who the subject is, is no claim and always allowed.
    subject = {**claims, "$id": f"{uri}/claims", "properties": {"id": {"type": "string"}, **named}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": uri,
        "type": "object",
        "properties": {"credentialSubject": subject},
        "required": ["credentialSubject"],
    }
