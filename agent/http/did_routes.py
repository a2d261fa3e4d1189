"""DIDs: the files that the world resolves, the resolver's door, and the rows of the admin API."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from marshmallow import fields, validate

from agent.http.admin_schemas import WORD, ClosedSchema
from agent.http.failures import NotFound
from agent.operations.administering import scopes
from agent.operations.administering.dids.approve_did import (
    Approval,
    ApproveDid,
    WitnessDid,
    approve_did,
    show_witness,
    witness_did,
)
from agent.operations.administering.dids.change_did import ChangeDid, change_did
from agent.operations.administering.dids.create_did import CreateDid, create_did
from agent.operations.administering.dids.hosting import MadeDid
from agent.operations.administering.dids.serve_did import serve_log, serve_web, serve_witness
from agent.operations.trusting.resolve_did import resolve_did, resolver
from agent.scope import Scope
from agent.scope.dids import HostedDid
from protocols.did import resolution
from protocols.errors import Malformed
from protocols.http import NO_STORE, Call, Reply, Route, json_reply

BASE = "/api/v1"
_PUBLIC = {"Cache-Control": "public, max-age=60", "Access-Control-Allow-Origin": "*"}
_PLACE = r"^[a-z0-9](-?[a-z0-9]){0,62}$"


class ServiceBody(ClosedSchema):
    """A service of a DID document."""

    class Meta(ClosedSchema.Meta):
        unknown = "include"

    id = fields.String(required=True, validate=validate.Length(1, 200))
    type = fields.Raw(required=True)
    serviceEndpoint = fields.Raw(required=True)  # noqa: N815  # DID Core's name


class _WitnessesBody(ClosedSchema):
    witnesses = fields.List(fields.String(validate=validate.Length(1, 200)), validate=validate.Length(0, 20))
    threshold = fields.Integer(validate=validate.Range(0, 20), load_default=0, strict=True)
    watchers = fields.List(fields.Url(schemes={"https"}), validate=validate.Length(0, 20))
    ttl = fields.Integer(validate=validate.Range(0, 2**31), strict=True)
    services = fields.List(fields.Nested(ServiceBody), validate=validate.Length(0, 20))
    also_known_as = fields.List(fields.String(validate=validate.Length(1, 2048)), validate=validate.Length(0, 20))


class DidBody(_WitnessesBody):
    """POST /dids."""

    method = fields.String(validate=WORD, load_default="webvh")
    place = fields.String(required=True, validate=validate.Regexp(_PLACE))
    pre_rotation = fields.Boolean(load_default=True)
    portable = fields.Boolean(load_default=False)
    web = fields.Boolean(load_default=False)


class DidChangeBody(_WitnessesBody):
    """PATCH /dids/{did}."""

    rotate = fields.Boolean(load_default=False)
    pre_rotation = fields.Boolean()
    deactivate = fields.Boolean(load_default=False)
    move_to = fields.Url(schemes={"https"})


class ApprovalBody(ClosedSchema):
    """POST /dids/{did}/approvals."""

    proof = fields.Dict(required=True)


class WitnessBody(ClosedSchema):
    """POST /did-approvals."""

    method = fields.String(validate=WORD, load_default="webvh")
    log = fields.String(required=True, validate=validate.Length(1, 900_000))


# -------------------------------------------------------------------------------------------------- public files
def _place(call: Call) -> str:
    return call.path["place"]


def _log(body: bytes) -> Reply:
    return Reply(200, body, "text/jsonl", _PUBLIC)


def _witness(body: bytes) -> Reply:
    return Reply(200, body, "application/json", _PUBLIC)


def _web(document: Mapping[str, Any]) -> Reply:
    reply = json_reply(document, headers=_PUBLIC)
    return Reply(reply.status, reply.body, "application/did+json", reply.headers)


PUBLIC = (
    Route("GET", "/dids/{place}/did.jsonl", None, _place, serve_log, _log),
    Route("GET", "/dids/{place}/did-witness.json", None, _place, serve_witness, _witness),
    Route("GET", "/dids/{place}/did.json", None, _place, serve_web, _web),
)


def resolver_routes(methods: Callable[[], Mapping[str, Any]]) -> tuple[Route, ...]:
    """The resolver's door for everybody, where configuration opens it."""
    row = Route("GET", "/1.0/identifiers/{did}", None, resolution.parse, resolver(methods), resolution.render)
    return (row,)


# ------------------------------------------------------------------------------------------------------ admin API
def _create(call: Call) -> CreateDid:
    body = DidBody.read(call)
    return CreateDid(
        method=body["method"],
        place=body["place"],
        pre_rotation=body["pre_rotation"],
        portable=body["portable"],
        witnesses=tuple(body.get("witnesses", ())),
        threshold=body["threshold"],
        watchers=tuple(body.get("watchers", ())),
        ttl=body.get("ttl"),
        services=tuple(body.get("services", ())),
        also_known_as=tuple(body.get("also_known_as", ())),
        web=body["web"],
    )


def _change(call: Call) -> ChangeDid:
    body = DidChangeBody.read(call)
    return ChangeDid(
        id=_id(call),
        services=_tuple(body, "services"),
        also_known_as=_tuple(body, "also_known_as"),
        witnesses=_tuple(body, "witnesses"),
        threshold=body["threshold"],
        watchers=_tuple(body, "watchers"),
        ttl=body.get("ttl"),
        rotate=body["rotate"],
        pre_rotation=body.get("pre_rotation"),
        deactivate=body["deactivate"],
        move_to=_address(body["move_to"]) if "move_to" in body else None,
    )


def _tuple(body: Mapping[str, Any], name: str) -> tuple[Any, ...] | None:
    return tuple(body[name]) if name in body else None


def _address(url: str) -> tuple[str, tuple[str, ...]]:
    parts = urlsplit(url)
    if parts.query or parts.fragment or parts.username:
        raise Malformed("move_to is host and path")
    return parts.netloc, tuple(one for one in parts.path.split("/") if one)


def _id(call: Call) -> UUID:
    try:
        return UUID(call.path["did"])
    except ValueError:
        raise NotFound("not an id") from None


def _approval(call: Call) -> ApproveDid:
    return ApproveDid(_id(call), ApprovalBody.read(call)["proof"])


def _to_witness(call: Call) -> WitnessDid:
    body = WitnessBody.read(call)
    return WitnessDid(body["method"], body["log"])


def _made(found: MadeDid) -> Reply:
    body = {
        "id": str(found.id),
        "did": found.did,
        "version_id": found.version_id,
        "published": found.published,
        "witnesses": list(found.witnesses),
        "threshold": found.threshold,
        **({"entry": found.entry} if found.entry else {}),
    }
    return json_reply(body, 201 if found.published else 202, NO_STORE)


def _approved(found: Approval) -> Reply:
    body = {"version_id": found.version_id, "witness": found.witness, "proof": dict(found.proof)}
    return json_reply(body, 201, NO_STORE)


def _shown_witness(found: str) -> Reply:
    return json_reply({"witness": found}, headers=NO_STORE)


def _nothing(_call: Call) -> None:
    return None


async def _all(scope: Scope, _request: None) -> Sequence[HostedDid]:
    async with scope.unit() as unit:
        found: Sequence[HostedDid] = await unit.dids.all()
    return found


def _listed(found: Sequence[HostedDid]) -> Reply:
    items = [
        {
            "id": str(one.id),
            "did": one.did,
            "method": one.method,
            "place": one.place,
            "status": one.status,
            "created_at": one.created_at,
        }
        for one in found
    ]
    return json_reply({"items": items, "next": None}, headers=NO_STORE)


ADMIN = tuple(
    Route(method, BASE + path, scope, parse, operate, render)
    for method, path, scope, parse, operate, render in (
        ("POST", "/dids", scopes.DIDS_WRITE, _create, create_did, _made),
        ("GET", "/dids", scopes.DIDS_READ, _nothing, _all, _listed),
        ("PATCH", "/dids/{did}", scopes.DIDS_WRITE, _change, change_did, _made),
        ("POST", "/dids/{did}/approvals", scopes.DIDS_WRITE, _approval, approve_did, _made),
        ("GET", "/did-witness", scopes.DIDS_WRITE, _nothing, show_witness, _shown_witness),
        ("POST", "/did-approvals", scopes.DIDS_WRITE, _to_witness, witness_did, _approved),
        ("GET", "/identifiers/{did}", scopes.DIDS_READ, resolution.parse, resolve_did, resolution.render),
    )
)
