"""AnonCreds: the registry that the world reads, and the rows of the admin API."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from agent.http.admin_schemas import ClosedSchema
from agent.http.failures import NotFound
from agent.operations.administering import scopes
from agent.operations.holding.anoncreds import (
    CredentialRequested,
    HeldAnonCreds,
    PresentAnonCreds,
    ReceiveAnonCreds,
    list_anoncreds,
    present_anoncreds,
    receive_anoncreds,
    request_anoncreds,
)
from agent.operations.issuing.anoncreds.issue import (
    IssueAnonCreds,
    OfferAnonCreds,
    Offered,
    issue_anoncreds,
    offer_anoncreds,
    revoke_anoncreds,
)
from agent.operations.issuing.anoncreds.publish import (
    PublishDefinition,
    Published,
    PublishSchema,
    add_registry,
    list_definitions,
    publish_definition,
    publish_schema,
)
from agent.operations.issuing.anoncreds.serve import ServedList, serve_object, serve_status_list, serve_tails
from agent.operations.verifying.anoncreds import (
    PresentationRequested,
    VerifiedAnonCreds,
    VerifyAnonCreds,
    request_presentation,
    verify_presentation,
)
from protocols.anoncreds import KINDS, PresentationTerms
from protocols.errors import Malformed
from protocols.http import NO_STORE, Call, Reply, Route, json_reply

BASE = "/api/v1/anoncreds"
_ANYBODY = {"Access-Control-Allow-Origin": "*"}
_FOR_EVER = {**_ANYBODY, "Cache-Control": "public, max-age=31536000, immutable"}
_FOR_NOW = {**_ANYBODY, "Cache-Control": "public, max-age=10"}
_TEXT = validate.Length(1, 2048)
_CAPACITY = validate.Range(2, 32_768)
_REFERENT = fields.String(validate=validate.Length(1, 200))


class SchemaBody(ClosedSchema):
    """POST /anoncreds/schemas."""

    name = fields.String(required=True, validate=validate.Length(1, 200))
    version = fields.String(required=True, validate=validate.Length(1, 50))
    attributes = fields.List(
        fields.String(validate=validate.Length(1, 200)), required=True, validate=validate.Length(1, 125)
    )


class DefinitionBody(ClosedSchema):
    """POST /anoncreds/definitions."""

    schema_id = fields.String(required=True, validate=_TEXT)
    tag = fields.String(load_default="default", validate=validate.Length(1, 100))
    capacity = fields.Integer(strict=True, validate=_CAPACITY)


class RegistryBody(ClosedSchema):
    """POST /anoncreds/definitions/{definition}/registries."""

    capacity = fields.Integer(strict=True, required=True, validate=_CAPACITY)


class OfferBody(ClosedSchema):
    """POST /anoncreds/offers."""

    definition = fields.UUID(required=True)
    values = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class CredentialRequestBody(ClosedSchema):
    """POST /anoncreds/offers/{exchange}/credential."""

    request = fields.Dict(required=True)


class RevocationBody(ClosedSchema):
    """POST /anoncreds/revocations."""

    exchanges = fields.List(fields.UUID(), required=True, validate=validate.Length(1, 1000))


class RequestBody(ClosedSchema):
    """POST /anoncreds/requests."""

    offer = fields.Dict(required=True)


class CredentialBody(ClosedSchema):
    """POST /anoncreds/requests/{exchange}/credential."""

    credential = fields.Dict(required=True)


class ProofRequestBody(ClosedSchema):
    """POST /anoncreds/presentation-requests."""

    name = fields.String(required=True, validate=validate.Length(1, 200))
    attributes = fields.Dict(keys=_REFERENT, values=fields.Dict(), load_default=dict)
    predicates = fields.Dict(keys=_REFERENT, values=fields.Dict(), load_default=dict)
    not_revoked_since = fields.Integer(strict=True, validate=validate.Range(0, 2**40))


class PresentBody(ClosedSchema):
    """POST /anoncreds/presentations."""

    request = fields.Dict(required=True)
    credentials = fields.Dict(keys=fields.String(), values=fields.UUID(), required=True)


class PresentationBody(ClosedSchema):
    """POST /anoncreds/presentation-requests/{exchange}/presentation."""

    presentation = fields.Dict(required=True)


BODIES: Mapping[tuple[str, str], type[ClosedSchema]] = {
    ("POST", "/anoncreds/schemas"): SchemaBody,
    ("POST", "/anoncreds/definitions"): DefinitionBody,
    ("POST", "/anoncreds/definitions/{definition}/registries"): RegistryBody,
    ("POST", "/anoncreds/offers"): OfferBody,
    ("POST", "/anoncreds/offers/{exchange}/credential"): CredentialRequestBody,
    ("POST", "/anoncreds/revocations"): RevocationBody,
    ("POST", "/anoncreds/requests"): RequestBody,
    ("POST", "/anoncreds/requests/{exchange}/credential"): CredentialBody,
    ("POST", "/anoncreds/presentations"): PresentBody,
    ("POST", "/anoncreds/presentation-requests"): ProofRequestBody,
    ("POST", "/anoncreds/presentation-requests/{exchange}/presentation"): PresentationBody,
}


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("not an id") from None


# ------------------------------------------------------------------------------------------------------- public
def _of(kind: str) -> Callable[[Call], tuple[str, UUID]]:
    def parse(call: Call) -> tuple[str, UUID]:
        return kind, _uuid(call.path["object"])

    return parse


def _registry(call: Call) -> UUID:
    return _uuid(call.path["object"])


def _at(call: Call) -> tuple[UUID, int | None]:
    at = call.query_parameters().get("at")
    if at is not None and not (at.isascii() and at.isdigit() and len(at) <= 12):
        raise Malformed("at is no number of seconds")
    return _registry(call), None if at is None else int(at)


def _served(content: bytes) -> Reply:
    return Reply(200, content, "application/json", _FOR_EVER)


def _served_list(found: ServedList) -> Reply:
    return Reply(200, found.content, "application/json", _FOR_EVER if found.settled else _FOR_NOW)


def _served_tails(content: bytes) -> Reply:
    return Reply(200, content, "application/octet-stream", _FOR_EVER)


PUBLIC = (
    Route("GET", "/anoncreds/registries/{object}/status-list", None, _at, serve_status_list, _served_list),
    Route("GET", "/anoncreds/registries/{object}/tails", None, _registry, serve_tails, _served_tails),
    *(
        Route("GET", f"/anoncreds/{plural}/{{object}}", None, _of(kind), serve_object, _served)
        for kind, plural in KINDS.items()
    ),
)


# ---------------------------------------------------------------------------------------------------- admin API
def _schema(call: Call) -> PublishSchema:
    body = SchemaBody.read(call)
    return PublishSchema(body["name"], body["version"], tuple(body["attributes"]))


def _definition(call: Call) -> PublishDefinition:
    body = DefinitionBody.read(call)
    return PublishDefinition(body["schema_id"], body["tag"], body.get("capacity", 0))


def _more(call: Call) -> tuple[UUID, int]:
    return _uuid(call.path["definition"]), RegistryBody.read(call)["capacity"]


def _offer(call: Call) -> OfferAnonCreds:
    body = OfferBody.read(call)
    return OfferAnonCreds(body["definition"], body["values"])


def _issue(call: Call) -> IssueAnonCreds:
    return IssueAnonCreds(_uuid(call.path["exchange"]), CredentialRequestBody.read(call)["request"])


def _revoke(call: Call) -> Sequence[UUID]:
    found: Sequence[UUID] = RevocationBody.read(call)["exchanges"]
    return found


def _request(call: Call) -> Mapping[str, Any]:
    found: Mapping[str, Any] = RequestBody.read(call)["offer"]
    return found


def _receive(call: Call) -> ReceiveAnonCreds:
    return ReceiveAnonCreds(_uuid(call.path["exchange"]), CredentialBody.read(call)["credential"])


def _terms(call: Call) -> PresentationTerms:
    return terms_of(ProofRequestBody.read(call))


def terms_of(body: Mapping[str, Any]) -> PresentationTerms:
    """What a read ProofRequestBody asks for."""
    return PresentationTerms(body["name"], body["attributes"], body["predicates"], body.get("not_revoked_since"))


def _present(call: Call) -> PresentAnonCreds:
    body = PresentBody.read(call)
    return PresentAnonCreds(body["request"], body["credentials"])


def _verify(call: Call) -> VerifyAnonCreds:
    return VerifyAnonCreds(_uuid(call.path["exchange"]), PresentationBody.read(call)["presentation"])


def _nothing(_call: Call) -> None:
    return None


def _published(found: Published) -> Reply:
    return json_reply({"id": str(found.id), "identifier": found.identifier}, 201, NO_STORE)


def _added(found: str) -> Reply:
    return json_reply({"identifier": found}, 201, NO_STORE)


def _items(found: Sequence[str]) -> Reply:
    return json_reply({"items": list(found), "next": None}, headers=NO_STORE)


def _offered(found: Offered) -> Reply:
    return json_reply({"id": str(found.id), "offer": dict(found.offer)}, 201, NO_STORE)


def _credential(found: Mapping[str, Any]) -> Reply:
    return json_reply({"credential": dict(found)}, headers=NO_STORE)


def _revoked(found: Sequence[UUID]) -> Reply:
    return json_reply({"revoked": [str(one) for one in found]}, headers=NO_STORE)


def _requested(found: CredentialRequested | PresentationRequested) -> Reply:
    return json_reply({"id": str(found.id), "request": dict(found.request)}, 201, NO_STORE)


def _received(found: UUID) -> Reply:
    return json_reply({"id": str(found)}, 201, NO_STORE)


def _held(found: Sequence[HeldAnonCreds]) -> Reply:
    items = [
        {
            "id": str(one.id),
            "schema_id": one.schema_id,
            "cred_def_id": one.cred_def_id,
            "rev_reg_id": one.rev_reg_id,
            "values": dict(one.values),
        }
        for one in found
    ]
    return json_reply({"items": items, "next": None}, headers=NO_STORE)


def _presented(found: Mapping[str, Any]) -> Reply:
    return json_reply({"presentation": dict(found)}, headers=NO_STORE)


def _verified(found: VerifiedAnonCreds) -> Reply:
    body = {"verified": found.verified, "shown": dict(found.shown), "error": found.error or None}
    return json_reply(body, headers=NO_STORE)


ADMIN = tuple(
    Route(method, BASE + path, scope, parse, operate, render)
    for method, path, scope, parse, operate, render in (
        ("POST", "/schemas", scopes.ISSUER_WRITE, _schema, publish_schema, _published),
        ("POST", "/definitions", scopes.ISSUER_WRITE, _definition, publish_definition, _published),
        ("GET", "/definitions", scopes.OFFERS_READ, _nothing, list_definitions, _items),
        ("POST", "/definitions/{definition}/registries", scopes.ISSUER_WRITE, _more, add_registry, _added),
        ("POST", "/offers", scopes.OFFERS_WRITE, _offer, offer_anoncreds, _offered),
        ("POST", "/offers/{exchange}/credential", scopes.OFFERS_WRITE, _issue, issue_anoncreds, _credential),
        ("POST", "/revocations", scopes.CREDENTIALS_REVOKE, _revoke, revoke_anoncreds, _revoked),
        ("POST", "/requests", scopes.HOLDINGS_WRITE, _request, request_anoncreds, _requested),
        ("POST", "/requests/{exchange}/credential", scopes.HOLDINGS_WRITE, _receive, receive_anoncreds, _received),
        ("GET", "/credentials", scopes.HOLDINGS_READ, _nothing, list_anoncreds, _held),
        ("POST", "/presentations", scopes.HOLDINGS_WRITE, _present, present_anoncreds, _presented),
        ("POST", "/presentation-requests", scopes.REQUESTS_WRITE, _terms, request_presentation, _requested),
        (
            "POST",
            "/presentation-requests/{exchange}/presentation",
            scopes.REQUESTS_WRITE,
            _verify,
            verify_presentation,
            _verified,
        ),
    )
)
