"""The admin API's rows for limits: a tenant sees its own, the operator sets them."""

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import fields, validate

from agent.http.admin_schemas import ClosedSchema
from agent.http.failures import NotFound
from agent.operations.administering import scopes
from agent.operations.administering.limits import (
    SetLimits,
    SetTier,
    list_tiers,
    set_limits,
    set_tier,
    show_limits,
)
from agent.scope import Scope
from agent.scope.administering import Control
from agent.scope.limits import GIGABYTE, METRICS, STORAGE, Standing, Standings, period_end
from protocols.http import NO_STORE, Call, Reply, Route, json_reply

WARNING = "Limit-Warning"
TIER = validate.Regexp(r"^[a-z0-9][a-z0-9-]{0,62}$")


class LimitsBody(ClosedSchema):
    """PATCH /tenants/{tenant}/limits."""

    tier = fields.String(validate=TIER)
    max_users = fields.Integer(strict=True, allow_none=True, validate=validate.Range(0, 10**15))
    max_credentials = fields.Integer(strict=True, allow_none=True, validate=validate.Range(0, 10**15))
    max_storage_gb = fields.Integer(strict=True, allow_none=True, validate=validate.Range(0, 10**9))
    max_api_calls_per_month = fields.Integer(strict=True, allow_none=True, validate=validate.Range(0, 10**15))
    max_verifications_per_month = fields.Integer(strict=True, allow_none=True, validate=validate.Range(0, 10**15))


class TierBody(LimitsBody):
    """POST /tiers: the whole tier; what is not named has no limit."""

    name = fields.String(required=True, validate=TIER)

    class Meta(ClosedSchema.Meta):
        exclude = ("tier",)


def warned(reply: Reply, near: Sequence[Standing]) -> Reply:
    """The reply with a warning for each limit that is near: `max_users; used=83; limit=100`."""
    if not near:
        return reply
    told = ", ".join(f"max_{one.metric}; used={one.used}; limit={one.limit}" for one in near)
    return reply._replace(headers={**reply.headers, WARNING: told})


def _control(scope: Scope) -> Control:
    if scope.control is None:
        raise NotFound("only for the operator")
    return scope.control


def _limits(body: Mapping[str, Any]) -> dict[str, int | None]:
    return {name.removeprefix("max_"): value for name, value in body.items() if name.startswith("max_")}


def _set(call: Call) -> SetLimits:
    body = LimitsBody.read(call)
    return SetLimits(call.path["tenant"], _limits(body), body.get("tier"))


def _tier(call: Call) -> SetTier:
    body = TierBody.read(call)
    return SetTier(body["name"], _limits(body))


def _nothing(_call: Call) -> None:
    return None


async def _set_limits(scope: Scope, request: SetLimits) -> None:
    await set_limits(_control(scope), scope.vault, scope.principal, request)


async def _set_tier(scope: Scope, request: SetTier) -> None:
    await set_tier(_control(scope), scope.vault, scope.principal, request)


async def _tiers(scope: Scope, _request: None) -> Sequence[tuple[str, Mapping[str, int | None]]]:
    return await list_tiers(_control(scope), scope.vault, scope.principal)


async def _show(scope: Scope, request: None) -> Reply:
    """`show_limits`, and when counting begins anew."""
    found: Standings = await show_limits(scope, request)
    items = []
    for one in found.limits:
        scale = GIGABYTE if one.metric == STORAGE else 1
        used = round(one.used / scale, 6) if one.metric == STORAGE else one.used
        limit = None if one.limit is None else one.limit // scale
        item = {"name": f"max_{one.metric}", "limit": limit, "used": used, "state": one.state, "own": one.own}
        ends = period_end(one.metric, scope.now())
        items.append({**item, "resets_at": ends.isoformat() if ends else None})
    return json_reply({"tier": found.tier, "items": items, "next": None}, headers=NO_STORE)


def _as_is(reply: Reply) -> Reply:
    return reply


def _done(_: object) -> Reply:
    return Reply(204)


def _list(found: Sequence[tuple[str, Mapping[str, int | None]]]) -> Reply:
    items = [{"name": name, **{f"max_{metric}": limits[metric] for metric in METRICS}} for name, limits in found]
    return json_reply({"items": items, "next": None}, headers=NO_STORE)


ROWS = (
    Route("GET", "/limits", scopes.LIMITS_READ, _nothing, _show, _as_is),
    Route("PATCH", "/tenants/{tenant}/limits", scopes.TENANTS_WRITE, _set, _set_limits, _done),
    Route("POST", "/tiers", scopes.TENANTS_WRITE, _tier, _set_tier, _done),
    Route("GET", "/tiers", scopes.TENANTS_READ, _nothing, _tiers, _list),
)
"""Rows under the admin API's base."""
BODIES = {("PATCH", "/tenants/{tenant}/limits"): LimitsBody, ("POST", "/tiers"): TierBody}
