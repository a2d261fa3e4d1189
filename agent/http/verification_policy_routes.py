"""The admin API's rows about verification policies: drafted, tried, put in force."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, get_args
from uuid import UUID

from marshmallow import fields, validate

from agent.http.admin_schemas import WORD, ClosedSchema
from agent.http.failures import NotFound
from agent.operations.administering import scopes
from agent.operations.verifying.policies import (
    DraftPolicy,
    Tried,
    TryPolicy,
    activate_policy,
    draft_policy,
    list_policies,
    try_policy,
)
from agent.scope.policies import LEGAL_BASIS, PURPOSE, LegalBasis, PolicyRules, Revocation, VerificationPolicy
from protocols.http import NO_STORE, Call, Reply, Route, json_reply

_FORMAT = validate.Regexp(r"^[A-Za-z0-9_+.-]{1,64}$")
_NAME = validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")


def _texts(most: int, length: int = 2048) -> Any:
    one = fields.String(validate=validate.Length(1, length))
    return fields.List(one, load_default=list, validate=validate.Length(0, most))


class VerificationPolicyBody(ClosedSchema):
    """POST /verification-policies: the policy's next version, a draft unless `activate` says otherwise."""

    name = fields.String(required=True, validate=_NAME)
    types = _texts(100)
    formats = fields.List(fields.String(validate=_FORMAT), load_default=list, validate=validate.Length(0, 20))
    algorithms = _texts(20, 64)
    claims = _texts(100)
    max_age_days = fields.Integer(validate=validate.Range(1, 36_500), load_default=None, strict=True)
    revocation = fields.String(validate=validate.OneOf(get_args(Revocation)), load_default="if_present")
    certificates = fields.String(validate=validate.OneOf(get_args(Revocation)), load_default="if_present")
    credential_schemas = fields.String(validate=validate.OneOf(get_args(Revocation)), load_default="best_effort")
    type_metadata = fields.String(validate=validate.OneOf(get_args(Revocation)), load_default="off")
    short_lived_hours = fields.Integer(validate=validate.Range(1, 8_784), load_default=None, strict=True)
    trust_list = _texts(500)
    keep = fields.String(validate=validate.OneOf(["presentation", "claims"]), load_default="presentation")
    schemas = fields.Dict(
        keys=fields.String(validate=validate.Length(1, 1024)),
        values=fields.Dict(),
        load_default=dict,
        validate=validate.Length(0, 20),
    )
    purpose = fields.String(validate=WORD, load_default=PURPOSE)
    legal_basis = fields.String(validate=validate.OneOf(get_args(LegalBasis)), load_default=LEGAL_BASIS)
    activate = fields.Boolean(load_default=False)


class TrialBody(ClosedSchema):
    """POST /verification-policies/{policy}/test."""

    limit = fields.Integer(validate=validate.Range(1, 1000), load_default=100, strict=True)


BODIES: Mapping[tuple[str, str], type[ClosedSchema]] = {
    ("POST", "/verification-policies"): VerificationPolicyBody,
    ("POST", "/verification-policies/{policy}/test"): TrialBody,
}


def _id(call: Call) -> UUID:
    try:
        return UUID(call.path["policy"])
    except ValueError:
        raise NotFound("not an id") from None


def _draft(call: Call) -> DraftPolicy:
    body = VerificationPolicyBody.read(call)
    named = {name: body[name] for name in ("types", "formats", "algorithms", "claims", "trust_list")}
    rules = PolicyRules(
        **{name: tuple(value) for name, value in named.items()},
        max_age_days=body["max_age_days"],
        revocation=body["revocation"],
        certificates=body["certificates"],
        credential_schemas=body["credential_schemas"],
        type_metadata=body["type_metadata"],
        short_lived_hours=body["short_lived_hours"],
        schemas=body["schemas"],
        keep=body["keep"],
        purpose=body["purpose"],
        legal_basis=body["legal_basis"],
    )
    return DraftPolicy(body["name"], rules, body["activate"])


def _trial(call: Call) -> TryPolicy:
    return TryPolicy(_id(call), TrialBody.read(call)["limit"])


def _nothing(_call: Call) -> None:
    return None


def _told(one: VerificationPolicy) -> dict[str, Any]:
    head = {"id": str(one.id), "name": one.name, "version": one.version, "state": one.state}
    return {**head, **asdict(one.rules)}


def _drafted(one: VerificationPolicy) -> Reply:
    return json_reply(_told(one), 201, NO_STORE)


def _activated(one: VerificationPolicy) -> Reply:
    return json_reply(_told(one), 200, NO_STORE)


def _listed(found: Sequence[VerificationPolicy]) -> Reply:
    return json_reply({"items": [_told(one) for one in found], "next": None}, headers=NO_STORE)


def _tried(found: Sequence[Tried]) -> Reply:
    refused = [one for one in found if one.refused is not None]
    items = [
        {"presentation_id": one.presentation, "refused": one.refused, "checks": dict(one.lines)} for one in refused
    ]
    return json_reply({"tried": len(found), "refused": len(refused), "items": items}, headers=NO_STORE)


_read, _write = scopes.REQUESTS_READ, scopes.VERIFIER_WRITE
ROWS = (
    Route("POST", "/verification-policies", _write, _draft, draft_policy, _drafted),
    Route("GET", "/verification-policies", _read, _nothing, list_policies, _listed),
    Route("POST", "/verification-policies/{policy}/activate", _write, _id, activate_policy, _activated),
    Route("POST", "/verification-policies/{policy}/test", _read, _trial, try_policy, _tried),
)
"""Paths below the API's base."""
