"""A passkey comes to an account: by a link that its tenant hands out, or while signed in (WebAuthn Level 3, 7.1)."""

import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import webauthn
from webauthn.helpers import options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from agent.audit import AuditEvent
from agent.operations.issuing.codes import digest
from agent.operations.signing_in.browser_session import LIFETIME, Browser, SessionGone, enter, person
from agent.operations.signing_in.passkeys import (
    KIND,
    PasskeyRefused,
    keep_challenge,
    relying_party,
    require_offered,
    spend_challenge,
)
from agent.scope import Conflict, Scope
from agent.scope.authorizing import Authenticator, AuthorizationSession, Mark, NewAuthenticator, Person
from agent.tenancy import uuid7
from protocols.encoding import b64url, parse_b64url
from protocols.errors import ProtocolError

LINK_LIFETIME = timedelta(hours=24)
_MOST = 20
_TIME, _RANDOM, _USER = 6, 16, 16


class NoSuchUser(ProtocolError):
    """There is no active user with this id."""

    code = "not_found"
    status = 404


class InvalidEnrolmentLink(ProtocolError):
    """The link was used or has expired; ask whoever sent it for another."""

    code = "access_denied"
    status = 403


async def create_enrolment_link(scope: Scope, user: UUID) -> str:
    """A link by which this person adds a passkey, once within a day. Raises NoSuchUser, NotOffered."""
    require_offered(scope)
    async with scope.unit() as unit:
        if await unit.people.get(user) is None:
            raise NoSuchUser()
        unit.record(AuditEvent("passkey_link.created", "user", user))
        await unit.commit()
    end = int((scope.now() + LINK_LIFETIME).timestamp() * 1000).to_bytes(_TIME, "big")
    body = end + scope.entropy(_RANDOM) + user.bytes
    return f"{scope.tenant.base_url}/passkeys?code={b64url(body + scope.vault.derive('passkey_link', body))}"


def _read(scope: Scope, code: str) -> tuple[UUID, datetime]:
    """Whose link it is, and when it ends. Raises InvalidEnrolmentLink."""
    try:
        value = parse_b64url(code)
    except ProtocolError:
        raise InvalidEnrolmentLink() from None
    body, mac = value[: _TIME + _RANDOM + _USER], value[_TIME + _RANDOM + _USER :]
    if not hmac.compare_digest(mac, scope.vault.derive("passkey_link", body)):
        raise InvalidEnrolmentLink()
    end = datetime.fromtimestamp(int.from_bytes(body[:_TIME], "big") / 1000, UTC)
    if end <= scope.now():
        raise InvalidEnrolmentLink("expired")
    return UUID(bytes=body[_TIME + _RANDOM :]), end


async def begin_enrolment(scope: Scope, code: str) -> Browser:
    """Spend the link: the browser is signed in for this one thing. Raises InvalidEnrolmentLink, NotOffered."""
    require_offered(scope)
    user, end = _read(scope, code)
    request = {"enrolment": True}
    session = AuthorizationSession(uuid7(scope.now(), scope.entropy(10)), "started", request, None, 1)
    try:
        async with scope.unit() as unit:
            spent = await unit.replay_marks.spend([Mark("passkey_link", sha256(code.encode()).digest(), end)])
            if not spent or await unit.people.get(user) is None:
                raise InvalidEnrolmentLink("used")
            first = digest(b64url(scope.entropy(32)))
            await unit.authorizations.begin(session.id, first, request, None, scope.now() + LIFETIME)
            browser = await enter(scope, unit, session, user, "passkey_link")
            await unit.commit()
    except Conflict:
        raise InvalidEnrolmentLink("used") from None
    return browser


async def begin_passkey_registration(scope: Scope, session: AuthorizationSession) -> str:
    """PublicKeyCredentialCreationOptions as JSON, for whoever is signed in (5.4). Raises SessionGone, NotOffered."""
    require_offered(scope)
    who = await person(scope, session)
    there = await _passkeys(scope, who)
    challenge = await keep_challenge(scope, session, "registration")
    options = webauthn.generate_registration_options(
        rp_id=relying_party(scope)[0],
        rp_name=scope.catalogue.verifier_name,
        user_id=who.id.bytes,
        user_name=who.name,
        challenge=challenge,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=parse_b64url(one.secret["id"])) for one in there],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
    )
    return options_to_json(options)


async def _passkeys(scope: Scope, who: Person) -> Sequence[Authenticator]:
    async with scope.unit() as unit:
        there: Sequence[Authenticator] = await unit.authenticators.of_user(KIND, who.id)
    if len(there) >= _MOST:
        raise PasskeyRefused("enough of them")
    return there


async def register_passkey(scope: Scope, session: AuthorizationSession, credential: str) -> None:
    """Add it to the account of whoever is signed in. Raises PasskeyRefused, SessionGone, NotOffered."""
    require_offered(scope)
    who = await person(scope, session)
    session, challenge, _ = await spend_challenge(scope, session, "registration")
    verified = _verified(scope, credential, challenge)
    name = b64url(verified.credential_id)
    secret = {"id": name, "public_key": b64url(verified.credential_public_key)}
    new = NewAuthenticator(
        uuid7(scope.now(), scope.entropy(10)), who.id, KIND, name, secret, sign_count=verified.sign_count
    )
    try:
        async with scope.unit() as unit:
            await unit.authenticators.add(new)
            unit.record(AuditEvent("passkey.added", "user", who.id, "create", session.issuance_id))
            await unit.commit()
    except Conflict:
        raise PasskeyRefused("there already") from None


def _verified(scope: Scope, credential: str, challenge: bytes) -> VerifiedRegistration:
    """Type, challenge, origin, RP ID, user verification, attestation (7.1, 7 to 25)."""
    rp_id, origin = relying_party(scope)
    if len(credential) > 65_536:
        raise PasskeyRefused("too long")
    try:
        return webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, LookupError, AttributeError):
        raise PasskeyRefused("does not verify") from None


async def end_enrolment(scope: Scope, session: AuthorizationSession) -> None:
    """The link brought somebody in to add a passkey and no more. Raises SessionGone."""
    if "enrolment" not in session.request:
        raise SessionGone()
    try:
        async with scope.unit() as unit:
            await unit.authorizations.deny(session)
            await unit.commit()
    except Conflict:
        raise SessionGone() from None
