"""The admin API's rows about how an answer ended, and why."""

from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any
from uuid import UUID

from agent.http.failures import NotFound
from agent.operations.administering import scopes
from agent.operations.verifying.evidence import TYPE
from agent.operations.verifying.export_evidence import export_evidence
from agent.operations.verifying.follow_presentation import follow_presentation
from agent.operations.verifying.notify_verifier import read_secret
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


def _stream(events: AsyncGenerator[bytes]) -> Reply:
    headers = {**NO_STORE, "X-Accel-Buffering": "no"}
    return Reply(200, media_type="text/event-stream", headers=headers, stream=events)


def _secret(found: bytes) -> Reply:
    """In the form of Standard Webhooks."""
    return json_reply({"secret": f"whsec_{b64encode(found).decode()}"}, headers=NO_STORE)


def _nothing(_call: Call) -> None:
    return None


ROWS = (
    Route(
        "GET",
        "/presentation-requests/{presentation}/events",
        scopes.REQUESTS_READ,
        _presentation,
        follow_presentation,
        _stream,
    ),
    Route("GET", "/verifier/webhook-secret", scopes.VERIFIER_WRITE, _nothing, read_secret, _secret),
    Route("GET", "/verification-reports/{report}/evidence", scopes.REQUESTS_READ, _report, export_evidence, _package),
    Route("GET", "/verification-reports/{report}", scopes.REQUESTS_READ, _report, read_report, _one),
    Route(
        "GET", "/presentation-requests/{presentation}/reports", scopes.REQUESTS_READ, _presentation, list_reports, _all
    ),
)
"""Paths below the API's base."""
