"""POST /token: a pre-authorized code becomes an access token (OpenID4VCI 1.0, 6)."""

import hmac
from datetime import timedelta
from typing import Any

from agent.audit import AuditEvent, SecurityEvent
from agent.operations.issuing.codes import digest, tx_code_mac
from agent.scope import Conflict, Scope
from agent.scope.issuing import TX_CODE_ATTEMPTS, Attempt
from protocols.encoding import b64url
from protocols.oauth.errors import InvalidGrant, InvalidRequest
from protocols.oauth.token import PreAuthorizedCodeGrant, TokenResponse

LIFETIME = timedelta(minutes=10)


async def issue_access_token(scope: Scope, grant: PreAuthorizedCodeGrant) -> TokenResponse:
    """Spend the code. Every try at a code is counted before its transaction code is looked at.

    Raises InvalidGrant; InvalidRequest when a transaction code is missing or not expected.
    """
    token = b64url(scope.entropy(32))
    if grant.tx_code is None and await _take(scope, grant.code, token):
        return TokenResponse(token, LIFETIME)
    async with scope.unit() as unit:
        attempt: Attempt | None = await unit.issuances.attempt(digest(grant.code))
        if attempt is None:
            raise InvalidGrant("unknown, used or expired code")
        refusal = _refusal(scope, attempt, grant.tx_code)
        if refusal is None:
            await _authorize(unit, attempt, token, scope)
        elif isinstance(refusal, InvalidGrant):
            await _count(unit, attempt)
    if refusal:
        raise refusal
    return TokenResponse(token, LIFETIME)


async def _take(scope: Scope, code: str, token: str) -> bool:
    """The short way for a code that asks for no transaction code."""
    async with scope.unit() as unit:
        unit.record(AuditEvent("token.issued", "issuance", None, "authorize"))
        if await unit.issuances.take(digest(code), digest(token), scope.now() + LIFETIME) is None:
            return False
        await unit.commit()
    return True


def _refusal(scope: Scope, attempt: Attempt, tx_code: str | None) -> InvalidGrant | InvalidRequest | None:
    if attempt.tx_code_mac is None:
        return None if tx_code is None else InvalidRequest("tx_code was not asked for")
    if tx_code is None:
        return InvalidRequest("no tx_code")
    right = hmac.compare_digest(tx_code_mac(scope.vault, attempt.id, tx_code), attempt.tx_code_mac)
    return None if right else InvalidGrant("wrong tx_code")


async def _authorize(unit: Any, attempt: Attempt, token: str, scope: Scope) -> None:
    try:
        await unit.issuances.authorize(attempt, digest(token), scope.now() + LIFETIME)
    except Conflict:
        raise InvalidGrant("another request was first") from None
    unit.record(AuditEvent("token.issued", "issuance", attempt.id, "authorize", attempt.id))
    await unit.commit()


async def _count(unit: Any, attempt: Attempt) -> None:
    """Keep the count of a wrong transaction code; the last one ends the offer."""
    last = attempt.attempts >= TX_CODE_ATTEMPTS
    if last:
        await unit.issuances.fail(attempt)
        unit.alarm(SecurityEvent("medium", "authentication", "tx_code_exhausted", action="offer ended"))
    event = "offer.failed" if last else "tx_code.refused"
    unit.record(AuditEvent(event, "issuance", attempt.id, "refuse", attempt.id))
    await unit.commit()
