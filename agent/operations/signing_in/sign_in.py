"""A person proves who they are, by password (argon2id)."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from agent.audit import AuditEvent, SecurityEvent
from agent.operations.signing_in.browser_session import Browser, NotOffered, SessionGone, enter
from agent.scope import Conflict, Scope
from agent.scope.authorizing import AuthorizationSession, PasswordAccount
from protocols.errors import ProtocolError

ATTEMPTS = 5
_LOCKED = timedelta(minutes=1)
_hasher = PasswordHasher()
_threads = ThreadPoolExecutor(os.cpu_count() or 1, "argon2id")
"""Of their own, and no more than there are cores: who guesses passwords keeps nothing waiting but other sign-ins."""
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$ykMam3IqZHagJ0NQtzm8Bw$hv7eI3roGX151JjRvvw9CW5ixhEdsspRA6qsJiyuyrI"
"""Of a password that nobody has, under the parameters of all others: who has no account waits as long."""
_NO_ACCOUNT = PasswordAccount(UUID(int=0), UUID(int=0), _NOBODY, 0, None, 0)


class WrongPassword(ProtocolError):
    """The email address or the password is wrong, or there were too many tries."""

    code = "access_denied"
    status = 403


async def hash_password(password: str) -> str:
    """The argon2id hash of a new password. Waits for a thread."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, password)


async def sign_in(scope: Scope, session: AuthorizationSession, email: str, password: str) -> Browser:
    """The browser with a new secret, signed in. Raises WrongPassword, NotOffered, SessionGone.

    Every try is counted before its password is looked at; an unknown address takes as long as a known one.
    """
    if not scope.catalogue.policy.password_sign_in:
        raise NotOffered("password")
    if len(email) > 320 or len(password) > 1024:
        raise WrongPassword()
    account = await _counted(scope, session, email)
    hashed = account.password_hash if account else _NOBODY
    right = await asyncio.get_running_loop().run_in_executor(_threads, _verify, hashed, password)
    if not right or account is None:
        raise WrongPassword()
    try:
        async with scope.unit() as unit:
            await unit.people.succeeded(account)
            browser = await enter(scope, unit, session, account.user_id, "password")
            await unit.commit()
    except Conflict:
        raise SessionGone() from None
    return browser


async def _counted(scope: Scope, session: AuthorizationSession, email: str) -> PasswordAccount | None:
    """The account while it takes tries. What is written for an unknown address costs what a known one costs."""
    async with scope.unit() as unit:
        account: PasswordAccount | None = await unit.people.by_email(email)
        attempts: int | None = await unit.people.attempt(account or _NO_ACCOUNT)
        if account is not None and attempts is not None and attempts % ATTEMPTS == 0:
            await unit.people.lock(account, scope.now() + _LOCKED * (attempts // ATTEMPTS))
            unit.alarm(SecurityEvent("medium", "authentication", "password_attempts", action="account locked"))
        unit.record(AuditEvent("password.tried", "authorization_session", session.id, "sign_in", session.issuance_id))
        await unit.commit()
    return account if attempts is not None else None


def _verify(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False
