"""The admin API's rows for the record's search, retention and the archive."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from agent.http.admin_schemas import ClosedSchema
from agent.operations.administering import scopes
from agent.operations.keeping.retention import (
    Erase,
    Plan,
    list_policies,
    list_segments,
    set_policy,
    show_plan,
)
from agent.operations.keeping.retention import days as age
from agent.operations.keeping.search_audit import search_audit
from agent.scope import Scope
from agent.scope.archiving import MONTHLY, PERSONAL, RetentionPolicy, Search, Segment
from protocols.encoding import b64url
from protocols.errors import Malformed
from protocols.http import NO_STORE, Call, Reply, Route, json_reply

_DAYS = validate.Range(0, 36_500)
_CLASSES = ("restricted", "sensitive", "internal", "public")
_EQUAL = {
    "event_type": "event_type",
    "resource_type": "resource_type",
    "resource": "resource_id",
    "actor_kind": "actor_kind",
    "actor": "user_id",
    "action": "action",
    "correlation": "correlation_id",
}
_HIDDEN = ("before_sealed", "after_sealed", "context_sealed", "tenant_id", "epoch", "xact", "ip_network")
_MOST = 1000


class RetentionBody(ClosedSchema):
    """PUT /retention-policies/{table}; ages in days."""

    classification = fields.String(validate=validate.OneOf(_CLASSES), load_default="internal")
    warm_after = fields.Integer(validate=_DAYS, load_default=90)
    cool_after = fields.Integer(validate=_DAYS, load_default=365)
    cold_after = fields.Integer(validate=_DAYS, load_default=3 * 365)
    erase_after = fields.Integer(validate=_DAYS, load_default=None, allow_none=True)
    legal_hold = fields.Boolean(load_default=False)


def _time(call: Call, name: str) -> datetime | None:
    text = call.query_parameters().get(name)
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Malformed(f"{name} is no time") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _search(call: Call) -> Search:
    given = call.query_parameters()
    equal = {column: given[name] for name, column in _EQUAL.items() if given.get(name)}
    for column in ("resource_id", "user_id", "correlation_id"):
        if column in equal:
            try:
                equal[column] = str(UUID(equal[column]))
            except ValueError:
                raise Malformed(f"{column} is no id") from None
    limit = given.get("limit", "100")
    if not limit.isdigit() or not 1 <= int(limit) <= _MOST:
        raise Malformed(f"limit is 1 to {_MOST}")
    return Search(equal, _time(call, "since"), _time(call, "until"), given.get("text", "")[:100], int(limit))


def _events(rows: Sequence[Mapping[str, Any]]) -> Reply:
    items = [{name: _plain(value) for name, value in row.items() if name not in _HIDDEN} for row in rows]
    return _shown({"items": items, "next": None})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _policy(call: Call) -> RetentionPolicy:
    table = call.path["table"]
    if table not in MONTHLY and table not in PERSONAL:
        raise Malformed("table is " + ", ".join([*MONTHLY, *PERSONAL]))
    body = RetentionBody.read(call)
    erase = body["erase_after"]
    return RetentionPolicy(
        table,
        body["classification"],
        age(body["warm_after"]),
        age(body["cool_after"]),
        age(body["cold_after"]),
        "indefinitely" if erase is None else "after",
        None if erase is None else age(erase),
        body["legal_hold"],
    )


def _policies(found: Sequence[RetentionPolicy]) -> Reply:
    return _shown(
        {
            "items": [
                {
                    "table": one.table,
                    "classification": one.classification,
                    "warm_after": one.warm_after.days,
                    "cool_after": one.cool_after.days,
                    "cold_after": one.cold_after.days,
                    "erase_after": one.erase_after.days if one.erase_after is not None else None,
                    "legal_hold": one.legal_hold,
                }
                for one in found
            ],
            "next": None,
        }
    )


def _segment(one: Segment) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "table": one.table,
        "month": f"{one.month:%Y-%m}",
        "tier": one.tier,
        "object": one.object_key,
        "rows": one.row_count,
        "bytes": one.byte_count,
        "sha256": b64url(one.sha256),
        "merkle_root": b64url(one.merkle_root),
        "erased_at": one.erased_at.isoformat(timespec="seconds") if one.erased_at else None,
    }


def _segments(found: Sequence[Segment]) -> Reply:
    return _shown({"items": [_segment(one) for one in found], "next": None})


def _plan(plan: Plan) -> Reply:
    return _shown(
        {
            "leaving": [
                {"table": table, "month": f"{month:%Y-%m}", "at": at.isoformat(timespec="seconds")}
                for table, month, at in plan.leaving
            ],
            "segments": [
                {"id": str(one.segment.id), "action": "erase"}
                if isinstance(one, Erase)
                else {"id": str(one.segment.id), "action": "move", "tier": one.tier}
                for one in plan.actions
            ],
            "status_tokens": plan.status_tokens,
        }
    )


def _nothing(_call: Call) -> None:
    return None


def _shown(value: Any) -> Reply:
    return json_reply(value, headers=NO_STORE)


def _done(_: object) -> Reply:
    return Reply(204)


async def _set(scope: Scope, policy: RetentionPolicy) -> None:
    await set_policy(scope, policy)


ROWS = (
    Route("GET", "/audit/events", scopes.AUDIT_READ, _search, search_audit, _events),
    Route("GET", "/retention-policies", scopes.RETENTION_READ, _nothing, list_policies, _policies),
    Route("PUT", "/retention-policies/{table}", scopes.RETENTION_WRITE, _policy, _set, _done),
    Route("GET", "/retention-plan", scopes.RETENTION_READ, _nothing, show_plan, _plan),
    Route("GET", "/archive-segments", scopes.RETENTION_READ, _nothing, list_segments, _segments),
)
"""Rows under the admin API's base."""
BODIES = {("PUT", "/retention-policies/{table}"): RetentionBody}
