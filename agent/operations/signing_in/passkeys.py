"""Signing in with a passkey, discovered or by address (Web Authentication Level 3, 7.2)."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import options_to_json, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    PublicKeyCredentialDescriptor,
    UserVerificationRequirement,
)

from agent.audit import SecurityEvent
from agent.operations.signing_in.browser_session import Browser, NotOffered, SessionGone, enter
from agent.scope import Conflict, Scope
from agent.scope.authorizing import Authenticator, AuthorizationSession
from protocols.encoding import b64url, parse_b64url
from protocols.errors import ProtocolError

KIND = "passkey"
_LONGEST = 16_384


class PasskeyRefused(ProtocolError):
    """The passkey is not one that is known here."""

    code = "access_denied"
    status = 403


def relying_party(scope: Scope) -> tuple[str, str]:
    """RP ID and origin, from the tenant's canonical address and never from a request."""
    parts = urlsplit(scope.tenant.base_url)
    return str(parts.hostname), f"{parts.scheme}://{parts.netloc}"


def require_offered(scope: Scope) -> None:
    """Raises NotOffered."""
    if not scope.catalogue.policy.passkey_sign_in:
        raise NotOffered("passkey")


async def keep_challenge(
    scope: Scope, session: AuthorizationSession, kind: str, allowed: Sequence[bytes] = ()
) -> bytes:
    """A fresh challenge that this session answers, once; it takes the place of an earlier one. Raises SessionGone."""
    challenge = scope.entropy(32)
    kept = {"kind": kind, "challenge": b64url(challenge), "allowed": [b64url(one) for one in allowed]}
    await _keep(scope, session, {**session.request, "passkey": kept})
    return challenge


async def spend_challenge(
    scope: Scope, session: AuthorizationSession, kind: str
) -> tuple[AuthorizationSession, bytes, Sequence[str]]:
    """The session without its challenge, the challenge, and the credential ids it was made for. Raises SessionGone."""
    kept = session.request.get("passkey")
    if kept is None or kept["kind"] != kind:
        raise SessionGone("no challenge")
    request = {name: value for name, value in session.request.items() if name != "passkey"}
    return await _keep(scope, session, request), parse_b64url(kept["challenge"]), kept["allowed"]


async def _keep(scope: Scope, session: AuthorizationSession, request: Mapping[str, Any]) -> AuthorizationSession:
    try:
        async with scope.unit() as unit:
            kept: AuthorizationSession = await unit.authorizations.keep(session, request)
            await unit.commit()
    except Conflict:
        raise SessionGone() from None
    return kept


async def begin_passkey(scope: Scope, session: AuthorizationSession, email: str) -> str:
    """PublicKeyCredentialRequestOptions as JSON; with an address, for the passkeys of its account (5.5).

    An address without a passkey is answered with one that does not exist, the same each time: 14.6.2.
    """
    require_offered(scope)
    if session.state != "started":
        raise SessionGone("signed in already")
    allowed = await _allowed(scope, email) if email else []
    challenge = await keep_challenge(scope, session, "sign_in", allowed)
    options = webauthn.generate_authentication_options(
        rp_id=relying_party(scope)[0],
        challenge=challenge,
        allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in allowed],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


async def _allowed(scope: Scope, email: str) -> list[bytes]:
    async with scope.unit() as unit:
        found: Sequence[Authenticator] = await unit.authenticators.of_email(KIND, email[:320])
    return [parse_b64url(one.secret["id"]) for one in found] or [scope.vault.derive("no_passkey", email[:320].encode())]


async def sign_in_with_passkey(scope: Scope, session: AuthorizationSession, credential: str) -> Browser:
    """The browser with a new secret, signed in. Raises PasskeyRefused, NotOffered, SessionGone."""
    require_offered(scope)
    # 1. the challenge is spent whatever comes
    session, challenge, allowed = await spend_challenge(scope, session, "sign_in")
    # 2. a passkey of an active account, among those that were asked for (7.2, 5 and 6)
    shown = _parsed(credential)
    known = await _known(scope, shown, allowed)
    # 3. type, challenge, origin, RP ID, user verification, signature (7.2, 10 to 21)
    verified = _verified(scope, shown, challenge, known)
    # 4. the counter, compared and set (7.2, 22): one that stood still says that there are two of this passkey
    return await _enter(scope, session, known, verified.new_sign_count)


def _parsed(credential: str) -> AuthenticationCredential:
    if len(credential) > _LONGEST:
        raise PasskeyRefused("too long")
    try:
        return parse_authentication_credential_json(credential)
    except (WebAuthnException, ValueError, TypeError, LookupError, AttributeError):
        raise PasskeyRefused("malformed") from None


async def _known(scope: Scope, shown: AuthenticationCredential, allowed: Sequence[str]) -> Authenticator:
    name = b64url(shown.raw_id)
    if allowed and name not in allowed:
        raise PasskeyRefused("another than was asked for")
    async with scope.unit() as unit:
        known: Authenticator | None = await unit.authenticators.find(KIND, name)
    if known is None:
        raise PasskeyRefused("unknown")
    handle = shown.response.user_handle
    if (handle is None and not allowed) or handle not in (None, known.user_id.bytes):
        raise PasskeyRefused("user handle")
    return known


def _verified(
    scope: Scope, shown: AuthenticationCredential, challenge: bytes, known: Authenticator
) -> VerifiedAuthentication:
    rp_id, origin = relying_party(scope)
    try:
        return webauthn.verify_authentication_response(
            credential=shown,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            credential_public_key=parse_b64url(known.secret["public_key"]),
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, LookupError, AttributeError):
        raise PasskeyRefused("does not verify") from None


async def _enter(scope: Scope, session: AuthorizationSession, known: Authenticator, count: int) -> Browser:
    try:
        async with scope.unit() as unit:
            moved = await unit.authenticators.used(known.id, count)
            if moved:
                browser = await enter(scope, unit, session, UUID(str(known.user_id)), KIND)
            else:
                unit.alarm(SecurityEvent("high", "authentication", "passkey_counter"))
            await unit.commit()
    except Conflict:
        raise SessionGone() from None
    if not moved:
        raise PasskeyRefused("counter")
    return browser
