"""The admin API's rows about why an answer was accepted or refused."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from agent.http.failures import NotFound
from agent.operations.administering import scopes
from agent.operations.verifying.evidence import TYPE
from agent.operations.verifying.export_evidence import export_evidence
from agent.operations.verifying.read_report import list_reports, read_report
from protocols.http import NO_STORE, Call, Reply, Route, json_reply


def _named(name: str, call: Call) -> UUID:
    try:
        return UUID(call.path[name])
    except ValueError:
        raise NotFound("not an id") from None


def _report(call: Call) -> UUID:
    return _named("report", call)


def _presentation(call: Call) -> UUID:
    return _named("presentation", call)


def _one(found: Mapping[str, Any]) -> Reply:
    return json_reply(dict(found), headers=NO_STORE)


def _all(found: Sequence[Mapping[str, Any]]) -> Reply:
    return json_reply({"items": [dict(one) for one in found], "next": None}, headers=NO_STORE)


def _package(token: str) -> Reply:
    return Reply(200, token.encode(), f"application/{TYPE}", NO_STORE)


ROWS = (
    Route("GET", "/verification-reports/{report}/evidence", scopes.REQUESTS_READ, _report, export_evidence, _package),
    Route("GET", "/verification-reports/{report}", scopes.REQUESTS_READ, _report, read_report, _one),
    Route(
        "GET", "/presentation-requests/{presentation}/reports", scopes.REQUESTS_READ, _presentation, list_reports, _all
    ),
)
"""Paths below the API's base."""
