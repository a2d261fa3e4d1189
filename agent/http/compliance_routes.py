"""The admin API's rows for compliance records."""

from typing import Any

from marshmallow import fields, validate

from agent.http.admin_schemas import ClosedSchema
from agent.operations.administering import scopes
from agent.operations.keeping.compliance import list_compliance, record_compliance
from agent.scope.compliance import STATUSES, ComplianceRecord
from protocols.http import NO_STORE, Call, Reply, Route, json_reply

_NAME = validate.Length(1, 200)


class ComplianceBody(ClosedSchema):
    """PUT /compliance-records: one requirement of one regulation."""

    regulation = fields.String(required=True, validate=_NAME)
    requirement = fields.String(required=True, validate=_NAME)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    evidence = fields.List(fields.Dict(keys=fields.String()), load_default=list, validate=validate.Length(max=100))
    assessed_at = fields.AwareDateTime(required=True)
    next_review = fields.AwareDateTime(load_default=None, allow_none=True)


def _record(call: Call) -> ComplianceRecord:
    return ComplianceRecord(**ComplianceBody.read(call))


def _nothing(_call: Call) -> None:
    return None


def _done(_: object) -> Reply:
    return Reply(204)


def _shown(found: Any) -> Reply:
    items = [
        {
            "regulation": one.regulation,
            "requirement": one.requirement,
            "status": one.status,
            "evidence": list(one.evidence),
            "assessed_at": one.assessed_at.isoformat(timespec="seconds"),
            "next_review": one.next_review.isoformat(timespec="seconds") if one.next_review else None,
            "due": one.next_review is not None and one.next_review <= found["now"],
        }
        for one in found["records"]
    ]
    return json_reply({"items": items, "next": None}, headers=NO_STORE)


ROWS = (
    Route("GET", "/compliance-records", scopes.AUDIT_READ, _nothing, list_compliance, _shown),
    Route("PUT", "/compliance-records", scopes.COMPLIANCE_WRITE, _record, record_compliance, _done),
)
"""Rows under the admin API's base."""
BODIES = {("PUT", "/compliance-records"): ComplianceBody}
