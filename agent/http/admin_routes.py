"""The admin API: for each row the scope it needs, its body's schema, its operation, its answer."""

from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from agent import discovery, telemetry
from agent.http import (
    admin_documents,
    admin_sign_in_routes,
    anoncreds_routes,
    compliance_routes,
    configuration_routes,
    did_routes,
    didcomm_credential_routes,
    didcomm_routes,
    job_routes,
    keeping_routes,
    limit_routes,
    people_routes,
    policy_routes,
    quality_routes,
    report_routes,
    statistics_routes,
    status_routes,
    tenant_configuration_routes,
    tenant_routes,
    upkeep_routes,
    verification_policy_routes,
    verifier_admin_routes,
)
from agent.http import admin_schemas as schemas
from agent.http.failures import NotFound
from agent.http.issuer_routes import ROWS as ISSUER_ROWS
from agent.operations.administering import scopes
from agent.operations.administering.accounts import (
    ConfigureIssuer,
    CreateUser,
    RegisterClient,
    configure_issuer,
    create_user,
    register_client,
)
from agent.operations.administering.api_keys import CreateApiKey, CreatedApiKey, create_api_key, revoke_api_key
from agent.operations.administering.issuer_keys import create_issuer_keys
from agent.operations.administering.sessions import create_start_code
from agent.operations.administering.trust import (
    AddTrustAnchor,
    add_trust_anchor,
    certificate_authority,
    list_trust_anchors,
    withdraw_trust_anchor,
)
from agent.operations.issuing.cancel_credential_offer import cancel_credential_offer
from agent.operations.issuing.create_credential_offer import (
    CreateCredentialOffer,
    CreatedCredentialOffer,
    create_credential_offer,
)
from agent.operations.issuing.issuer_identity import IssuerIdentity
from agent.operations.issuing.show_credential_offer import ShownOffer, show_credential_offer
from agent.operations.keeping.export_audit import export_audit
from agent.scope import Scope
from agent.scope.administering import AnchorListing
from protocols import x509
from protocols.did import parse_did
from protocols.errors import Malformed
from protocols.http import NO_STORE, Call, Reply, Route, json_reply
from protocols.oauth import certificate_subject
from protocols.x509 import load_certificate, load_pem

BASE = "/api/v1"


def _nothing(_call: Call) -> None:
    return None


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("not an id") from None


def _created(value: Any) -> Reply:
    return json_reply(value, 201, NO_STORE)


def _shown(value: Any) -> Reply:
    return json_reply(value, headers=NO_STORE)


# --------------------------------------------------------------------------------------------------------- issuing
def _offer(call: Call) -> CreateCredentialOffer:
    body = schemas.CredentialOfferBody.read(call)
    return CreateCredentialOffer(
        credential_configuration_ids=tuple(dict.fromkeys(body["credential_configuration_ids"])),
        claims=body["claims"],
        subject=body["subject"],
        grant=body["grant"],
        tx_code=body["tx_code"],
        by_value=body["by_value"],
        lifetime=timedelta(seconds=body["expires_in"]) if body["expires_in"] else None,
    )


def _offered(made: CreatedCredentialOffer) -> Reply:
    return _created(
        {
            "credential_offer_uri": made.credential_offer_uri,
            "tx_code": made.tx_code,
            "issuance_id": str(made.issuance_id),
            **({"evidence_uri": made.evidence_uri} if made.evidence_uri else {}),
        }
    )


def _issuance(shown: ShownOffer) -> Reply:
    found = shown.issuance
    return _shown(
        {
            "issuance_id": str(found.id),
            "state": found.state,
            "credential_configuration_ids": list(found.credential_configuration_ids),
            "created_at": found.created_at,
            "expires_at": found.expires_at,
            "notification": found.notified_event,
            "credentials": [str(one) for one in found.credentials],
            "evidence": [{"policy": policy, "state": state} for policy, state in shown.evidence],
        }
    )


# ---------------------------------------------------------------------------------------------------------- trust
def _anchor(call: Call) -> AddTrustAnchor:
    body = schemas.TrustAnchorBody.read(call)
    if sum(body[name] is not None for name in ("certificate", "did", "issuer")) != 1:
        raise Malformed("one of certificate, did and issuer")
    if body["certificate"] is None:
        if body["did"] is not None:
            parse_did(body["did"])
        return AddTrustAnchor(body["name"], None, None, tuple(body["roles"]), body["did"] or body["issuer"])
    certificates = load_pem(body["certificate"].encode())
    if len(certificates) != 1:
        raise Malformed("one certificate")
    found = load_certificate(certificates[0])
    if not found.ca:
        raise Malformed("not a CA certificate")
    return AddTrustAnchor(body["name"], found.der, None, tuple(body["roles"]))


def _added(anchor: UUID) -> Reply:
    return _created({"id": str(anchor)})


def _anchors(found: Sequence[AnchorListing]) -> Reply:
    items = [
        {
            "id": str(one.id),
            "name": one.name,
            "kind": one.kind,
            "identifier": one.identifier,
            "roles": sorted(one.roles),
            "shared": one.shared,
        }
        for one in found
    ]
    return _shown({"items": items, "next": None})


def _authority(der: bytes) -> Reply:
    return _shown({"pem": x509.render_pem(der)})


# -------------------------------------------------------------------------------------------------- administration
def _user(call: Call) -> CreateUser:
    body = schemas.UserBody.read(call)
    return CreateUser(body["email"], body["password"], body["external_id"], body["claims"])


def _client(call: Call) -> RegisterClient:
    body = schemas.ClientBody.read(call)
    subjects = {name: body[name] for name in certificate_subject.MEMBERS if name in body}
    return RegisterClient(
        body["client_id"], body["name"], body["method"], tuple(body["jwks"]), tuple(body["redirect_uris"]), subjects
    )


def _issuer(call: Call) -> ConfigureIssuer:
    body = schemas.IssuerBody.read(call)
    profiles = tuple(body["profiles"]) if "profiles" in body else None
    display = tuple(body["display"]) if "display" in body else None
    named = {name: body.get(name) for name in ("vc_api", "status_list_cryptosuite")}
    return ConfigureIssuer(profiles, body.get("policy", {}), display, **named)


def _keys_made(found: Sequence[IssuerIdentity]) -> Reply:
    items = [{"algorithm": one.key.algorithm, "did": one.did, "verification_method": one.method} for one in found]
    return _created({"items": items})


def _api_key(call: Call) -> CreateApiKey:
    body = schemas.ApiKeyBody.read(call)
    lifetime = timedelta(seconds=body["expires_in"]) if body["expires_in"] else None
    return CreateApiKey(body["name"], body["role"], lifetime)


def _api_key_made(made: CreatedApiKey) -> Reply:
    return _created({"id": str(made.id), "api_key": made.key, "role": made.role})


def _key_id(call: Call) -> UUID:
    return _uuid(call.path["api_key"])


async def _revoke_key(scope: Scope, key: UUID) -> None:
    if not await revoke_api_key(scope, key):
        raise NotFound("api key")


def _gone(_: object) -> Reply:
    return Reply(204)


async def _plugins(scope: Scope, _request: None) -> Any:
    on = {family: set(found) for family, found in scope.plugins.items()}
    items = [
        {
            "family": family,
            "name": name,
            "distribution": point.dist.name if point.dist else None,
            "enabled": name in on.get(family, ()),
        }
        for family, points in discovery.installed().items()
        for name, point in sorted(points.items())
    ]
    return {"items": items, "next": None}


async def _metrics(_scope: Scope, _request: None) -> bytes:
    return telemetry.metrics()


def _text(body: bytes) -> Reply:
    return Reply(200, body, "text/plain; version=0.0.4; charset=utf-8", NO_STORE)


def _lines(stream: AsyncGenerator[bytes]) -> Reply:
    return Reply(200, media_type="application/jsonl", headers=NO_STORE, stream=stream)


def _start(url: str) -> Reply:
    return _created({"url": url})


def _rows() -> tuple[Route, ...]:
    s = scopes
    return (
        Route("POST", "/credential-offers", s.OFFERS_WRITE, _offer, create_credential_offer, _offered),
        Route(
            "GET",
            "/credential-offers/{issuance}",
            s.OFFERS_READ,
            lambda call: _uuid(call.path["issuance"]),
            show_credential_offer,
            _issuance,
        ),
        Route(
            "DELETE",
            "/credential-offers/{issuance}",
            s.OFFERS_WRITE,
            lambda call: _uuid(call.path["issuance"]),
            cancel_credential_offer,
            _gone,
        ),
        *status_routes.ROWS,
        *verifier_admin_routes.ROWS,
        *report_routes.ROWS,
        *verification_policy_routes.ROWS,
        Route("POST", "/trust-anchors", s.TRUST_WRITE, _anchor, add_trust_anchor, _added),
        Route("GET", "/trust-anchors", s.TRUST_READ, _nothing, list_trust_anchors, _anchors),
        Route(
            "DELETE",
            "/trust-anchors/{anchor}",
            s.TRUST_WRITE,
            lambda call: _uuid(call.path["anchor"]),
            withdraw_trust_anchor,
            _gone,
        ),
        Route("GET", "/certificate-authority", s.TRUST_READ, _nothing, certificate_authority, _authority),
        *tenant_routes.ROWS,
        *job_routes.ROWS,
        *quality_routes.ROWS,
        *upkeep_routes.ROWS,
        *limit_routes.ROWS,
        *tenant_configuration_routes.ROWS,
        Route("POST", "/users", s.USERS_WRITE, _user, create_user, _added),
        Route("POST", "/clients", s.CLIENTS_WRITE, _client, register_client, _added),
        Route("POST", "/issuer-keys", s.ISSUER_WRITE, _nothing, create_issuer_keys, _keys_made),
        Route("PATCH", "/issuer", s.ISSUER_WRITE, _issuer, configure_issuer, _gone),
        Route("POST", "/api-keys", s.API_KEYS_WRITE, _api_key, create_api_key, _api_key_made),
        Route("DELETE", "/api-keys/{api_key}", s.API_KEYS_WRITE, _key_id, _revoke_key, _gone),
        Route("POST", "/start-codes", s.SESSIONS_WRITE, _nothing, create_start_code, _start),
        Route("GET", "/audit/export", s.AUDIT_READ, _nothing, export_audit, _lines),
        Route("GET", "/plugins", s.PLUGINS_READ, _nothing, _plugins, _shown),
        Route("GET", "/metrics", s.METRICS_READ, _nothing, _metrics, _text),
        *ISSUER_ROWS,
        *configuration_routes.ROWS,
        *admin_sign_in_routes.ROWS,
        *people_routes.ROWS,
        *didcomm_routes.ROWS,
        *didcomm_credential_routes.ROWS,
        *compliance_routes.ROWS,
        *keeping_routes.ROWS,
        *statistics_routes.ROWS,
    )


ROUTES = (
    *(
        Route(row.method, BASE + row.path, row.requires, row.parse, row.operate, row.render)
        for row in (*_rows(), *policy_routes.rows(), *admin_documents.ROUTES)
    ),
    *did_routes.ADMIN,
    *anoncreds_routes.ADMIN,
)
