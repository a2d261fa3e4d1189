"""The admin API's row for statistics."""

from collections.abc import Sequence
from datetime import date

from agent.operations.administering import scopes
from agent.operations.keeping.count_activity import METRICS, PRESENTED
from agent.operations.keeping.report_activity import ActivityAsked, report_activity
from agent.scope.reporting import Figure
from protocols.errors import Malformed
from protocols.http import NO_STORE, Call, Reply, Route, json_reply

_BY = ("day", "type", "reason")
_KNOWN = {*METRICS.values(), PRESENTED}


def _day(given: str | None) -> date | None:
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise Malformed("since and until are days, as 2026-12-31") from None


def _asked(call: Call) -> ActivityAsked:
    given = call.query_parameters()
    by = frozenset(filter(None, given.get("by", "day,type,reason").split(",")))
    if not by <= set(_BY):
        raise Malformed("by names some of " + ", ".join(_BY))
    metric = given.get("metric") or None
    if metric is not None and metric not in _KNOWN:
        raise Malformed("metric is one of " + ", ".join(sorted(_KNOWN)))
    return ActivityAsked(_day(given.get("since")), _day(given.get("until")), metric, by)


def _figures(found: Sequence[Figure]) -> Reply:
    items = [
        {"day": one.day.isoformat(), "metric": one.metric, "type": one.type, "reason": one.reason, "amount": one.amount}
        for one in found
    ]
    return json_reply({"items": items, "next": None}, headers=NO_STORE)


ROWS = (Route("GET", "/statistics", scopes.STATISTICS_READ, _asked, report_activity, _figures),)
"""Rows under the admin API's base."""
