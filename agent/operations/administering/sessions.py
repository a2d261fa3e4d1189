"""Sessions of the start page: a one-time code in a link becomes a cookie that acts for the tenant.

Neither is stored: both are times and randomness under a MAC of the tenant; a spent code leaves a replay mark.
"""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from agent.audit import AuditEvent
from agent.operations.administering.scopes import (
    ADMINISTRATOR,
    API_KEYS_WRITE,
    CLIENTS_WRITE,
    ISSUER_WRITE,
    SESSIONS_WRITE,
    USERS_WRITE,
)
from agent.scope import Scope
from agent.scope.authorizing import Mark
from agent.tenancy import Principal, uuid7
from protocols.encoding import b64url, parse_b64url
from protocols.errors import ProtocolError

CODE_LIFETIME = timedelta(minutes=30)
SESSION_SCOPES = ADMINISTRATOR - {API_KEYS_WRITE, SESSIONS_WRITE, USERS_WRITE, CLIENTS_WRITE, ISSUER_WRITE}
_TIME, _RANDOM = 6, 16


class InvalidStartCode(ProtocolError):
    """The link was used or has expired; start the server again, or ask it for another."""

    code = "invalid_start_code"
    status = 403


@dataclass(frozen=True, slots=True)
class Session:
    """A living session: its token, and the token that its forms must carry."""

    token: str
    csrf: str


def _make(scope: Scope, label: str, lifetime: timedelta) -> str:
    body = int((scope.now() + lifetime).timestamp() * 1000).to_bytes(_TIME, "big") + scope.entropy(_RANDOM)
    return b64url(body + scope.vault.derive(label, body))


def _read(scope: Scope, label: str, token: str) -> datetime | None:
    """When the token ends, None for one that is not ours or has ended."""
    try:
        value = parse_b64url(token)
    except ProtocolError:
        return None
    body, mac = value[: _TIME + _RANDOM], value[_TIME + _RANDOM :]
    if not hmac.compare_digest(mac, scope.vault.derive(label, body)):
        return None
    end = datetime.fromtimestamp(int.from_bytes(body[:_TIME], "big") / 1000, UTC)
    return end if end > scope.now() else None


async def create_start_code(scope: Scope, _request: None) -> str:
    """The link to the start page, good once within half an hour."""
    async with scope.unit() as unit:
        unit.record(AuditEvent("start_code.created", "session"))
        await unit.commit()
    return f"{scope.tenant.base_url}/start?code={_make(scope, 'start_code', CODE_LIFETIME)}"


async def begin_session(scope: Scope, code: str) -> Session:
    """Spend the code. Raises InvalidStartCode."""
    end = _read(scope, "start_code", code)
    if end is None:
        raise InvalidStartCode()
    async with scope.unit() as unit:
        if not await unit.replay_marks.spend([Mark("start_code", sha256(code.encode()).digest(), end)]):
            raise InvalidStartCode("used")
        unit.record(AuditEvent("session.begun", "session", uuid7(scope.now(), scope.entropy(10)), "begin"))
        await unit.commit()
    return session(scope, _make(scope, "session", timedelta(minutes=scope.catalogue.tenant.session_minutes)))


def session(scope: Scope, token: str) -> Session:
    """The session of a token that was found good."""
    return Session(token, b64url(scope.vault.derive("csrf", token.encode())))


def principal_of(scope: Scope, token: str) -> Principal | None:
    """Who a session's cookie acts as, None when it is not good."""
    return None if _read(scope, "session", token) is None else Principal("user", None, SESSION_SCOPES)
