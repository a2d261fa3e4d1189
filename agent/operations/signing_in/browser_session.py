"""The steps of one browser tied together: by the session's id in the URL and a secret in a cookie."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.issuing.codes import digest
from agent.scope import Scope
from agent.scope.authorizing import AuthorizationSession, Person
from protocols.encoding import b64url
from protocols.errors import ProtocolError

LIFETIME = timedelta(minutes=10)


class SessionGone(ProtocolError):
    """This sign-in has ended; begin again in your wallet."""

    code = "invalid_request"


class NotOffered(ProtocolError):
    """Nobody signs in this way here."""

    code = "access_denied"
    status = 403


@dataclass(frozen=True, slots=True)
class Browser:
    """Ties the steps of one sign-in together: the session's id in the URL, its secret in a cookie."""

    session: UUID
    secret: str


async def open_session(scope: Scope, session: UUID, secret: str) -> AuthorizationSession:
    """The living session of this browser. Raises SessionGone."""
    async with scope.unit() as unit:
        found: AuthorizationSession | None = await unit.authorizations.session(session, digest(secret))
    if found is None or found.state not in ("started", "signed_in"):
        raise SessionGone()
    return found


async def enter(scope: Scope, unit: Any, session: AuthorizationSession, user: UUID, method: str) -> Browser:
    """Within a unit: who it is is known now, and the browser's secret changes with that. Raises Conflict."""
    browser = Browser(session.id, b64url(scope.entropy(32)))
    request = {**session.request, "user": str(user)}
    metadata = {"method": method}
    unit.record(AuditEvent("user.signed_in", "user", user, "sign_in", session.issuance_id, metadata))
    await unit.authorizations.signed_in(session, request, digest(browser.secret), user, scope.now() + LIFETIME)
    return browser


async def person(scope: Scope, session: AuthorizationSession) -> Person:
    """Who is signed in. Raises SessionGone."""
    user: Any = session.request.get("user")
    if session.state != "signed_in" or user is None:
        raise SessionGone()
    async with scope.unit() as unit:
        found: Person | None = await unit.people.get(UUID(user))
    if found is None:
        raise SessionGone()
    return found
