"""POST /token: a code or a refresh token becomes an access token (RFC 6749, 5; OpenID4VCI 1.0, 6)."""

import asyncio
import hmac
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent, SecurityEvent
from agent.operations.issuing import codes, sender_constraint
from agent.operations.issuing.authenticate_client import Client, authenticate_client
from agent.operations.issuing.codes import digest, tx_code_mac
from agent.operations.issuing.guessing import MISSES, count, count_miss
from agent.scope import Conflict, Scope
from agent.scope.authorizing import CodeRecord, Mark, NewRefreshFamily, NewToken, RefreshFamily
from agent.scope.issuing import TX_CODE_ATTEMPTS, Attempt, SeenCode
from agent.tenancy import uuid7
from protocols.encoding import b64url
from protocols.oauth import pkce
from protocols.oauth.client_authentication import BY_CERTIFICATE
from protocols.oauth.dpop import DpopProof
from protocols.oauth.errors import InvalidClient, InvalidDpopProof, InvalidGrant, InvalidRequest, InvalidScope
from protocols.oauth.token import (
    AuthorizationCodeGrant,
    PreAuthorizedCodeGrant,
    RefreshTokenGrant,
    TokenRequest,
    TokenResponse,
)
from protocols.openid4vci import authorization_details

LIFETIME = timedelta(minutes=10)
REFRESH_LIFETIME = timedelta(days=90)
GRACE = timedelta(seconds=10)
"""How long a spent refresh token may still be a retry and not a theft."""
_PAUSE = 0.1
"""Seconds before the answer to a first wrong transaction code; the next one waits twice as long."""


@dataclass(frozen=True, slots=True)
class _Asker:
    """Who asks from which address, and the key that the new token will be bound to."""

    client: Client
    proof: DpopProof | None
    peer: str

    @property
    def marks(self) -> list[Mark]:
        """What must not have been seen before."""
        return [*self.client.marks, *([sender_constraint.mark(self.proof)] if self.proof else [])]

    @property
    def token_type(self) -> str:
        return "DPoP" if self.proof else "Bearer"

    @property
    def thumbprint(self) -> bytes | None:
        return self.proof.thumbprint if self.proof else None

    def token(self, scope: Scope, value: str, by_identifier: bool = False) -> NewToken:
        """The token as it is stored."""
        certificate = self.client.certificate if not self.proof and self.client.method in BY_CERTIFICATE else None
        bound = sha256(certificate).digest() if certificate else None
        return NewToken(digest(value), scope.now() + LIFETIME, self.thumbprint, bound, by_identifier)


async def issue_access_token(scope: Scope, request: TokenRequest) -> TokenResponse:
    """Raises InvalidClient, InvalidGrant, InvalidRequest, InvalidScope, InvalidDpopProof, UnauthorizedClient."""
    client = await authenticate_client(scope, request.client)
    asker = _Asker(client, sender_constraint.at_server(scope, request.proof), request.peer)
    grant = request.grant
    if isinstance(grant, PreAuthorizedCodeGrant):
        return await _by_pre_authorized_code(scope, grant, asker)
    if client.client_id is None:
        raise InvalidClient("no client_id")
    if isinstance(grant, AuthorizationCodeGrant):
        return await _by_authorization_code(scope, grant, asker)
    return await _by_refresh_token(scope, grant, asker)


async def _spend(unit: Any, asker: _Asker) -> None:
    """Leave the marks of this request. Raises InvalidDpopProof, InvalidClient for a replay."""
    if asker.marks and not await unit.replay_marks.spend(asker.marks):
        raise InvalidClient("replayed") if asker.client.marks else InvalidDpopProof("replayed")


# ------------------------------------------------------------------------------------------------ pre-authorized code
async def _by_pre_authorized_code(scope: Scope, grant: PreAuthorizedCodeGrant, asker: _Asker) -> TokenResponse:
    """Spend the code. Every try at a code is counted before its transaction code is looked at."""
    if asker.client.method == "none" and not scope.catalogue.policy.anonymous_pre_authorized:
        raise InvalidClient("anonymous clients are not served")
    value = b64url(scope.entropy(32))
    token = asker.token(scope, value)
    response = TokenResponse(value, LIFETIME, asker.token_type)
    if grant.tx_code is None and await _take(scope, grant.code, token, asker):
        return response
    async with scope.unit() as unit:
        attempt: Attempt | None = await unit.issuances.attempt(digest(grant.code))
        refusal = _refusal(scope, attempt, grant.tx_code) if attempt else None
        if attempt and refusal is None:
            await _spend(unit, asker)
            await _authorize(unit, attempt, token)
        elif attempt and isinstance(refusal, InvalidGrant):
            await _count(unit, attempt)
    if attempt is None:
        raise await _spent_or_unknown(scope, grant.code, asker)
    if isinstance(refusal, InvalidGrant):
        await count_miss(scope, "tx_code", asker.peer)
        await asyncio.sleep(_PAUSE * 2 ** (attempt.attempts - 1))
    if refusal:
        raise refusal
    return response


async def _spent_or_unknown(scope: Scope, code: str, asker: _Asker) -> InvalidGrant:
    """The same word for a code that was used, has ended or never was. A used one ends its tokens where policy says so.

    Raises TooManyAttempts for who goes on guessing.
    """
    async with scope.unit() as unit:
        seen: SeenCode | None = await unit.issuances.by_code(digest(code))
        if seen and seen.state in ("authorized", "deferred", "issued", "notified"):
            await _replayed(scope, unit, seen.issuance)
    if seen is None:
        await count_miss(scope, "code", asker.peer)
    return InvalidGrant("unknown, used or expired code")


async def _replayed(scope: Scope, unit: Any, issuance: UUID) -> None:
    """Seen again: an event, but not one for each of a flood."""
    revokes = scope.catalogue.policy.revoke_on_code_replay
    if await count(unit, "code_replay", str(issuance)) > MISSES:
        return
    if revokes:
        await unit.authorizations.revoke(issuance, "code_replayed")
        unit.record(AuditEvent("token.revoked", "issuance", issuance, "revoke", issuance, {"reason": "code_replayed"}))
    action = "tokens revoked" if revokes else "refused"
    unit.alarm(SecurityEvent("high", "authentication", "pre_authorized_code_replayed", action=action))
    await unit.commit()


async def _take(scope: Scope, code: str, token: NewToken, asker: _Asker) -> bool:
    """The short way for a code that asks for no transaction code."""
    async with scope.unit() as unit:
        unit.record(AuditEvent("token.issued", "issuance", None, "authorize"))
        await _spend(unit, asker)
        if await unit.issuances.take(digest(code), token) is None:
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


async def _authorize(unit: Any, attempt: Attempt, token: NewToken) -> None:
    try:
        await unit.issuances.authorize(attempt, token)
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


# ------------------------------------------------------------------------------------------------- authorization code
async def _by_authorization_code(scope: Scope, grant: AuthorizationCodeGrant, asker: _Asker) -> TokenResponse:
    """Spend the code for the client, redirect URI, verifier and key that it was made for; a replay ends the tokens."""
    async with scope.unit() as unit:
        record: CodeRecord | None = await unit.authorizations.by_code(digest(grant.code))
    if record is None:
        raise InvalidGrant("unknown code")
    request = record.request
    if not hmac.compare_digest(b64url(asker.client.digest), request["client"]):
        raise InvalidGrant("another client's code")
    if grant.redirect_uri not in (None, request["redirect_uri"]):
        raise InvalidGrant("redirect_uri")
    if not pkce.proves(grant.code_verifier, request["code_challenge"]):
        raise InvalidGrant("code_verifier")
    if request["dpop_jkt"] and (asker.thumbprint is None or b64url(asker.thumbprint) != request["dpop_jkt"]):
        raise InvalidDpopProof("the code is bound to another key") if asker.proof else InvalidDpopProof("no proof")
    if record.state != "authorizing":
        await _end(scope, record.issuance, "code_replayed")
        raise InvalidGrant("used code")
    return await _redeem(scope, record, asker)


async def _redeem(scope: Scope, record: CodeRecord, asker: _Asker) -> TokenResponse:
    value, by_identifier = b64url(scope.entropy(32)), record.request["by_identifier"]
    family = _new_family(scope, asker) if scope.catalogue.policy.refresh_tokens else None
    async with scope.unit() as unit:
        await _spend(unit, asker)
        token = asker.token(scope, value, by_identifier)
        if not await unit.authorizations.redeem(record.issuance, token, family):
            raise InvalidGrant("expired code, or another request was first")
        unit.record(AuditEvent("token.issued", "issuance", record.issuance, "authorize", record.issuance))
        await unit.commit()
    refresh = codes.refresh_token(scope.vault, family.id, 1) if family else None
    return _response(value, asker, refresh, record.credential_configuration_ids, by_identifier, record.request["scope"])


def _new_family(scope: Scope, asker: _Asker) -> NewRefreshFamily:
    family = uuid7(scope.now(), scope.entropy(10))
    hashed = digest(codes.refresh_token(scope.vault, family, 1))
    return NewRefreshFamily(family, asker.client.digest, asker.thumbprint, hashed, scope.now() + REFRESH_LIFETIME)


def _response(
    value: str,
    asker: _Asker,
    refresh: str | None,
    configurations: tuple[str, ...],
    by_identifier: bool,
    granted_scope: str | None = None,
) -> TokenResponse:
    details = authorization_details.granted(configurations) if by_identifier else ()
    return TokenResponse(value, LIFETIME, asker.token_type, refresh, granted_scope, details)


async def _end(scope: Scope, issuance: UUID, reason: str) -> None:
    """Something that is spent was seen again: every token that came of it ends (RFC 9700, 4.2.4 and 4.14.2)."""
    async with scope.unit() as unit:
        await unit.authorizations.revoke(issuance, reason)
        unit.alarm(SecurityEvent("high", "authentication", reason, action="tokens revoked"))
        unit.record(AuditEvent("token.revoked", "issuance", issuance, "revoke", issuance, {"reason": reason}))
        await unit.commit()


# ------------------------------------------------------------------------------------------------------ refresh token
async def _by_refresh_token(scope: Scope, grant: RefreshTokenGrant, asker: _Asker) -> TokenResponse:
    """A new access token and the next refresh token, or the same where it does not rotate; an old one ends the line."""
    named = codes.read_refresh_token(scope.vault, grant.token)
    if named is None:
        raise InvalidGrant("not a refresh token of ours")
    async with scope.unit() as unit:
        family: RefreshFamily | None = await unit.authorizations.family(named[0])
    if family is None or family.revoked or family.expires_at <= scope.now():
        raise InvalidGrant("unknown, revoked or expired")
    if family.client_hash is None or not hmac.compare_digest(asker.client.digest, family.client_hash):
        raise InvalidGrant("another client's refresh token")
    if family.dpop_thumbprint is not None and asker.thumbprint != family.dpop_thumbprint:
        raise InvalidDpopProof("bound to another key") if asker.proof else InvalidDpopProof("no proof")
    if named[1] != family.generation:
        if named[1] != family.generation - 1 or scope.now() - family.rotated_at > GRACE:
            await _end(scope, family.issuance_id, "refresh_token_replayed")
        raise InvalidGrant("spent refresh token")
    granted = _still_granted(scope, family, grant.scope)
    return await _rotate(scope, family, asker, granted)


def _still_granted(scope: Scope, family: RefreshFamily, asked: str | None) -> str | None:
    """The scope to state when one was asked for: all that was granted. Raises InvalidScope for more (RFC 6749, 6)."""
    if asked is None:
        return None
    known = scope.catalogue.configurations
    granted = {known[name].scope for name in family.credential_configuration_ids if name in known}
    if not granted.issuperset(asked.split(" ")):
        raise InvalidScope("more than was granted")
    return " ".join(sorted(one for one in granted if one))


def _rotates(scope: Scope, family: RefreshFamily) -> bool:
    """A token that a stolen copy is of no use of may stay as it is: then an answer that was lost is asked for again."""
    return scope.catalogue.policy.rotate_refresh_tokens or family.dpop_thumbprint is None


async def _rotate(scope: Scope, family: RefreshFamily, asker: _Asker, granted: str | None) -> TokenResponse:
    value, generation = b64url(scope.entropy(32)), family.generation + _rotates(scope, family)
    following = codes.refresh_token(scope.vault, family.id, generation)
    async with scope.unit() as unit:
        await _spend(unit, asker)
        token = asker.token(scope, value, family.by_identifier)
        if not await unit.authorizations.rotate(family, digest(following), generation, token):
            raise InvalidGrant("another request was first")
        unit.record(AuditEvent("token.refreshed", "issuance", family.issuance_id, "refresh", family.issuance_id))
        await unit.commit()
    return _response(value, asker, following, family.credential_configuration_ids, family.by_identifier, granted)
