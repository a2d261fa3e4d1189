"""The admin API's rows for the quality of a tenant's data."""

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from agent.http.admin_schemas import ClosedSchema
from agent.http.failures import NotFound
from agent.operations.administering import scopes
from agent.operations.keeping.quality import ChangeRule, QualityReport, change_rule, check_now, report_quality
from agent.scope.quality import Rule
from protocols.http import NO_STORE, Call, Reply, Route, json_reply


class QualityRuleBody(ClosedSchema):
    """PATCH /quality/rules/{rule}: the share of rows that may fail, and whether it is checked at all."""

    threshold = fields.Float(validate=validate.Range(0, 1))
    active = fields.Boolean(truthy={True}, falsy={False})


def _nothing(_call: Call) -> None:
    return None


def _rule(rule: Rule) -> dict[str, Any]:
    newest = rule.results[0] if rule.results else None
    return {
        "id": str(rule.id),
        "name": rule.name,
        "dimension": rule.dimension,
        "table": rule.table,
        "check": rule.check,
        "threshold": rule.threshold,
        "active": rule.active,
        "kept": rule.kept,
        "rows": list(newest.rows) if newest else [],
        "trend": [
            {"checked_at": one.checked_at.isoformat(), "checked": one.checked, "failed": one.failed}
            for one in rule.results
        ],
    }


def _shown(found: QualityReport) -> Reply:
    profiles = [{"table": one.table, "rows": one.rows, "present": dict(one.present)} for one in found.profiles]
    return json_reply({"rules": [_rule(one) for one in found.rules], "profiles": profiles}, headers=NO_STORE)


def _change(call: Call) -> ChangeRule:
    try:
        rule = UUID(call.path["rule"])
    except ValueError:
        raise NotFound("not an id") from None
    return ChangeRule(rule, **QualityRuleBody.read(call))


def _done(_: object) -> Reply:
    return Reply(204)


ROWS = (
    Route("GET", "/quality", scopes.QUALITY_READ, _nothing, report_quality, _shown),
    Route("POST", "/quality/checks", scopes.QUALITY_WRITE, _nothing, check_now, _shown),
    Route("PATCH", "/quality/rules/{rule}", scopes.QUALITY_WRITE, _change, change_rule, _done),
)
"""Rows under the admin API's base."""
BODIES = {("PATCH", "/quality/rules/{rule}"): QualityRuleBody}
