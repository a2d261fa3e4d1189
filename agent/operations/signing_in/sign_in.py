"""A person proves who they are, by password (argon2id)."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from agent.audit import AuditEvent, SecurityEvent
from agent.operations.issuing.codes import digest
from agent.operations.signing_in.begin_authorization import LIFETIME, Browser
from agent.scope import Conflict, Scope
from agent.scope.authorizing import AuthorizationSession, PasswordAccount, Person
from protocols.encoding import b64url
from protocols.errors import ProtocolError

ATTEMPTS = 5
_LOCKED = timedelta(minutes=1)
_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody has this password")


class SessionGone(ProtocolError):
    """This sign-in has ended; begin again in your wallet."""

    code = "invalid_request"


class WrongPassword(ProtocolError):
    """The email address or the password is wrong, or there were too many tries."""

    code = "access_denied"
    status = 403


async def hash_password(password: str) -> str:
    """The argon2id hash of a new password. Waits for a thread."""
    return await asyncio.to_thread(_hasher.hash, password)


async def open_session(scope: Scope, session: UUID, secret: str) -> AuthorizationSession:
    """The living session of this browser. Raises SessionGone."""
    async with scope.unit() as unit:
        found: AuthorizationSession | None = await unit.authorizations.session(session, digest(secret))
    if found is None or found.state not in ("started", "signed_in"):
        raise SessionGone()
    return found


async def sign_in(scope: Scope, session: AuthorizationSession, email: str, password: str) -> Browser:
    """The browser with a new secret, signed in. Raises WrongPassword, SessionGone.

    Every try is counted before its password is looked at; an unknown address takes as long as a known one.
    """
    if len(email) > 320 or len(password) > 1024:
        raise WrongPassword()
    account = await _counted(scope, email)
    if not await asyncio.to_thread(_verify, account.password_hash if account else _NOBODY, password) or account is None:
        raise WrongPassword()
    browser = Browser(session.id, b64url(scope.entropy(32)))
    request = {**session.request, "user": str(account.user_id)}
    try:
        async with scope.unit() as unit:
            await unit.people.succeeded(account)
            unit.record(AuditEvent("user.signed_in", "user", account.user_id, "sign_in", session.issuance_id))
            end = scope.now() + LIFETIME
            await unit.authorizations.signed_in(session, request, digest(browser.secret), account.user_id, end)
            await unit.commit()
    except Conflict:
        raise SessionGone() from None
    return browser


async def _counted(scope: Scope, email: str) -> PasswordAccount | None:
    async with scope.unit() as unit:
        account: PasswordAccount | None = await unit.people.by_email(email)
        if account is None:
            return None
        attempts: int | None = await unit.people.attempt(account)
        if attempts is not None and attempts % ATTEMPTS == 0:
            await unit.people.lock(account, scope.now() + _LOCKED * (attempts // ATTEMPTS))
            unit.alarm(SecurityEvent("medium", "authentication", "password_attempts", action="account locked"))
        await unit.commit()
    return account if attempts is not None else None


def _verify(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


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
