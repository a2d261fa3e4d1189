"""The admin API of credential configurations."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from agent.http import configuration_schemas as schemas
from agent.operations.administering import scopes
from agent.operations.administering.credential_configurations import (
    CreateConfiguration,
    create_configuration,
    list_configurations,
)
from agent.operations.administering.define_credential import (
    DefineCredential,
    FormatOfDefinition,
    define_credential,
)
from agent.operations.administering.issuance_policies import Configured, configure_credential, read_webhook_secret
from agent.scope import Scope
from agent.scope.tenants import CredentialConfiguration
from protocols.http import NO_STORE, Call, Reply, Route, json_reply

_SETTABLE = {"active": "is_active", "key_attestations_required": "key_attestations_required"} | {
    name: name for name in ("display", "scope", "lifetime")
}


def _create(call: Call) -> CreateConfiguration:
    body = schemas.NewConfigurationBody.read(call)
    if "lifetime" in body:
        body["lifetime"] = timedelta(seconds=body["lifetime"])
    if "disclosable" in body:
        body["disclosable"] = [tuple(path) for path in body["disclosable"]]
    return CreateConfiguration(**body)


def _define(call: Call) -> DefineCredential:
    body = schemas.DefinitionBody.read(call)
    if "lifetime" in body:
        body["lifetime"] = timedelta(seconds=body["lifetime"])
    body["formats"] = {name: FormatOfDefinition(**how) for name, how in body["formats"].items()}
    return DefineCredential(**body)


def _defined(made: Sequence[str]) -> Reply:
    return json_reply({"credential_configuration_ids": list(made)}, 201, NO_STORE)


def _created(made: UUID) -> Reply:
    return json_reply({"id": str(made)}, 201, NO_STORE)


def _listed(found: Sequence[tuple[CredentialConfiguration, bool]]) -> Reply:
    return json_reply({"items": [_shown(*one) for one in found], "next": None}, headers=NO_STORE)


def _shown(one: CredentialConfiguration, active: bool) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "credential_configuration_id": one.credential_configuration_id,
        "active": active,
        "format": one.format,
        "type": one.type,
        "schema": one.schema,
        "scope": one.scope,
        "algorithm": one.algorithm,
        "lifetime": int(one.lifetime.total_seconds()) if one.lifetime else None,
        "display": list(one.display),
        "claims": list(one.claims),
        "disclosable": None if one.disclosable is None else sorted(map(list, one.disclosable), key=str),
        "binding_methods": list(one.binding_methods),
        "proof_types": {name: list(algorithms) for name, algorithms in one.proof_types.items()},
        "key_attestations_required": one.key_attestations_required,
        "status": one.statuses[0].partition("/")[0] if one.statuses else None,
        "status_purposes": [kind.partition("/")[2] or "revocation" for kind in one.statuses],
        "options": dict(one.options),
        "mapping": {name: list(path) for name, path in one.mapping.items()},
        "claim_source": one.claim_source.kind if one.claim_source else None,
        "policy": one.policy.name if one.policy else None,
    }


def _configure(call: Call) -> Configured:
    body = schemas.ConfigurationBody.read(call)
    named = frozenset({"claim_source": "source", "policy": "policy"}[name] for name in body if name not in _SETTABLE)
    changes = {_SETTABLE[name]: value for name, value in body.items() if name in _SETTABLE}
    if "lifetime" in changes:
        changes["lifetime"] = timedelta(seconds=changes["lifetime"])
    return Configured(call.path["configuration"], body.get("claim_source"), body.get("policy"), named, changes)


def _done(_: object) -> Reply:
    return Reply(204)


async def _secret(scope: Scope, configuration: str) -> bytes:
    return read_webhook_secret(scope, configuration)


def _secret_shown(secret: bytes) -> Reply:
    return json_reply({"secret": f"whsec_{b64encode(secret).decode()}"}, headers=NO_STORE)


_ALL, _ONE = "/credential-configurations", "/credential-configurations/{configuration}"
ROWS = (
    Route("POST", _ALL, scopes.ISSUER_WRITE, _create, create_configuration, _created),
    Route("POST", "/credential-definitions", scopes.ISSUER_WRITE, _define, define_credential, _defined),
    Route("GET", _ALL, scopes.OFFERS_READ, lambda _call: None, list_configurations, _listed),
    Route("PATCH", _ONE, scopes.ISSUER_WRITE, _configure, configure_credential, _done),
    Route(
        "GET",
        f"{_ONE}/webhook-secret",
        scopes.ISSUER_WRITE,
        lambda call: call.path["configuration"],
        _secret,
        _secret_shown,
    ),
)
