"""The bodies of issuance policies, claim sources and approvals, closed as the others are."""

import json
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from agent.http.admin_schemas import WORD, ClosedSchema

NAME = validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")


def _small(value: dict[str, Any]) -> bool:
    if len(json.dumps(value)) > 65_536:
        raise ValidationError("Too large.")
    return True


class ApproveBody(ClosedSchema):
    """POST /approvals/{approval}/approve."""

    claims = fields.Dict(load_default=None, validate=_small)


class DenyBody(ClosedSchema):
    """POST /approvals/{approval}/deny."""

    reason = fields.String(validate=WORD, load_default="unspecified")


class FeeBody(ClosedSchema):
    """What an issuance costs."""

    amount = fields.String(required=True, validate=validate.Regexp(r"^(0|[1-9][0-9]{0,12})(\.[0-9]{1,4})?$"))
    currency = fields.String(required=True, validate=validate.Regexp(r"^[A-Z]{3}$"))
    gate = fields.String(validate=WORD, load_default="manual")
    settings = fields.Dict(load_default=dict, validate=_small)
    refuse = fields.Boolean(load_default=False)


_NAMES = fields.List(fields.String(validate=validate.Length(1, 256)), required=True, validate=validate.Length(1, 8))


class MatchBody(ClosedSchema):
    """A claim that is presented and has to be the one that is issued."""

    path = _NAMES
    claim = _NAMES
    credential = fields.String(validate=NAME)


class EvidenceBody(ClosedSchema):
    """What has to be presented first."""

    query = fields.String(validate=NAME)
    dcql_query = fields.Dict(validate=_small)
    match = fields.List(fields.Nested(MatchBody), load_default=list, validate=validate.Length(0, 32))
    same_key = fields.Boolean(load_default=False)
    max_age = fields.Integer(validate=validate.Range(60, 2_678_400), load_default=600, strict=True)
    refuse = fields.Boolean(load_default=False)
    verification_policy = fields.String(validate=NAME)

    @validates_schema
    def one_query(self, data: dict[str, Any], **_: Any) -> None:
        """By name or whole."""
        if ("query" in data) == ("dcql_query" in data):
            raise ValidationError("One of query and dcql_query.")


class IssuancePolicyBody(ClosedSchema):
    """POST /issuance-policies: the policy's next version."""

    name = fields.String(required=True, validate=NAME)
    claims = fields.Dict(load_default=None, validate=_small)
    max_active = fields.Integer(validate=validate.Range(1, 1_000_000), load_default=None, strict=True)
    cool_down = fields.Integer(validate=validate.Range(1, 315_360_000), load_default=None, strict=True)
    approval = fields.Boolean(load_default=False)
    interval = fields.Integer(validate=validate.Range(1, 2_678_400), load_default=60, strict=True)
    fee = fields.Nested(FeeBody, load_default=None)
    required_evidence = fields.Nested(EvidenceBody, load_default=None, allow_none=True)


class SourceBody(ClosedSchema):
    """Where claims come from."""

    kind = fields.String(required=True, validate=WORD)
    settings = fields.Dict(load_default=dict, validate=_small)
    extra = fields.String(validate=validate.OneOf(["refuse", "drop"]), load_default="refuse")
