"""What a peer is told when something goes wrong: the one place where exceptions become replies."""

import logging

from agent import telemetry
from protocols.encoding import render_json
from protocols.errors import ProtocolError
from protocols.http import NO_STORE, Reply, json_reply


class NotFound(ProtocolError):
    """There is nothing here."""

    code = "not_found"
    status = 404


class MethodNotAllowed(ProtocolError):
    """The resource does not know this method."""

    code = "method_not_allowed"
    status = 405


class TooLarge(ProtocolError):
    """The request is too large."""

    code = "request_too_large"
    status = 413


class Unauthorized(ProtocolError):
    """The request needs a valid key."""

    code = "unauthorized"
    status = 401

    def headers(self) -> dict[str, str]:
        """RFC 6750, 3: which scheme would do."""
        return {"WWW-Authenticate": 'Bearer realm="chancery"'}


class Forbidden(ProtocolError):
    """The key lacks the scope for this."""

    code = "forbidden"
    status = 403


class Busy(ProtocolError):
    """No more of this is taken at the moment."""

    code = "busy"
    status = 503


def wire_error(error: ProtocolError) -> Reply:
    """The error as the OAuth family writes it (RFC 6749, 5.2; OpenID4VCI 1.0, 8.3.1)."""
    body = {"error": error.code, "error_description": error.description, **error.members()}
    return json_reply(body, error.status, {**NO_STORE, **error.headers()})


def problem(error: ProtocolError) -> Reply:
    """The error as the admin API writes it (RFC 9457). `detail` of Malformed input names members, never values."""
    body = {"type": error.problem_type, "title": error.description, "status": error.status, "code": error.code}
    if getattr(error, "fields", None):
        body["errors"] = error.fields  # type: ignore[attr-defined]  # InvalidInput brings it
    return Reply(error.status, render_json(body), "application/problem+json", {**NO_STORE, **error.headers()})


def note(error: ProtocolError, route: str, tenant: str) -> None:
    """Log a refusal: its code and our own words about it."""
    telemetry.log("refused", logging.INFO, code=error.code, detail=error.detail, route=route, tenant=tenant)


def unexpected(route: str, tenant: str, admin: bool) -> Reply:
    """Log an exception nobody expected, without its message, and say nothing of it."""
    telemetry.failure("unexpected", route=route, tenant=tenant)
    body = {"error": "server_error", "error_description": "Something went wrong here."}
    media = "application/problem+json" if admin else "application/json"
    if admin:
        body = {"type": "about:blank", "title": "Something went wrong here.", "code": "server_error"}
    return Reply(500, render_json(body), media, NO_STORE)
