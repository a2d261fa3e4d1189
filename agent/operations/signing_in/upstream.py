"""Signing in at the tenant's own identity provider: there and back (OpenID Connect Core 1.0, 3.1)."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agent.audit import SecurityEvent
from agent.operations.issuing.codes import digest
from agent.operations.signing_in.browser_session import Browser, NotOffered, SessionGone, enter
from agent.operations.signing_in.decide import deny
from agent.operations.signing_in.identity_provider import claims_for_code, metadata_of
from agent.scope import Conflict, Scope
from agent.scope.authorizing import AuthorizationSession, NewAuthenticator, NewUser
from agent.scope.limits import USERS, LimitReached
from agent.scope.tenants import IdentityProvider
from agent.tenancy import uuid7
from protocols.encoding import b64url, parse_b64url
from protocols.errors import Malformed
from protocols.oidc import authentication
from protocols.oidc.authentication import AuthenticationRequest
from protocols.oidc.errors import InvalidIdToken, SignInFailed
from protocols.oidc.id_token import personal

KIND = "upstream"


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider did not sign the person in: what the wallet is answered."""

    session: AuthorizationSession
    answer: Mapping[str, str]


def offered(scope: Scope) -> tuple[IdentityProvider, ...]:
    """The providers that the sign-in page shows."""
    return scope.catalogue.identity_providers if scope.catalogue.policy.upstream_sign_in else ()


def redirect_uri(scope: Scope, provider: UUID) -> str:
    """Where this provider sends people back to: its own address, so that no other's answer fits (RFC 9700, 4.4)."""
    return f"{scope.tenant.base_url}/upstream/{provider}"


def session_of(state: str) -> UUID:
    """Whose state this says it is; the browser's cookie has to agree. Raises SessionGone."""
    try:
        value = parse_b64url(state)
    except Malformed:
        raise SessionGone("state") from None
    if len(value) != 48:
        raise SessionGone("state")
    return UUID(bytes=value[:16])


async def begin_upstream(scope: Scope, session: AuthorizationSession, provider_id: str) -> str:
    """The address to send the browser to. Raises NotOffered, ProviderUnusable, SessionGone."""
    provider = _provider(scope, provider_id)
    if session.state != "started":
        raise SessionGone("signed in already")
    metadata = await metadata_of(scope, provider.issuer)
    begun = {
        "provider": str(provider.id),
        "state": b64url(session.id.bytes + scope.entropy(32)),
        "nonce": b64url(scope.entropy(32)),
        "code_verifier": b64url(scope.entropy(32)),
    }
    try:
        async with scope.unit() as unit:
            await unit.authorizations.keep(session, {**session.request, "upstream": begun}, digest(begun["state"]))
            await unit.commit()
    except Conflict:
        raise SessionGone() from None
    return authentication.render(_request(scope, provider, begun), metadata)


def _provider(scope: Scope, provider_id: str) -> IdentityProvider:
    for provider in offered(scope):
        if str(provider.id) == provider_id:
            return provider
    raise NotOffered("identity provider")


def _request(scope: Scope, provider: IdentityProvider, begun: Mapping[str, str]) -> AuthenticationRequest:
    return AuthenticationRequest(
        client_id=provider.client_id,
        redirect_uri=redirect_uri(scope, provider.id),
        scope=provider.scope,
        state=begun["state"],
        nonce=begun["nonce"],
        code_verifier=begun["code_verifier"],
    )


async def finish_upstream(
    scope: Scope, session: AuthorizationSession, provider_id: str, parameters: Mapping[str, str]
) -> Browser | Refused:
    """The browser signed in, or what to tell the wallet. Raises SessionGone and NotOffered: nothing was begun here."""
    # 1. begun in this browser, with this provider, and brought back for the first time
    provider = _provider(scope, provider_id)
    begun: Mapping[str, str] = session.request.get("upstream", {})
    state = parameters.get("state", "")
    if begun.get("provider") != provider_id or not hmac.compare_digest(begun["state"].encode(), state.encode()):
        raise SessionGone("state")
    session = await _returned(scope, session, state)
    # 2. the provider's word, believed or not
    try:
        code = authentication.read_code(parameters, await metadata_of(scope, provider.issuer))
        claims = await claims_for_code(scope, provider, _request(scope, provider, begun), code)
        # 3. whose account that is
        return await _enter(scope, session, provider, claims)
    except SignInFailed as refusal:
        return Refused(session, await _refuse(scope, session, refusal))


async def _returned(scope: Scope, session: AuthorizationSession, state: str) -> AuthorizationSession:
    try:
        async with scope.unit() as unit:
            returned: AuthorizationSession = await unit.authorizations.return_from_upstream(session, digest(state))
            await unit.commit()
    except Conflict:
        raise SessionGone("state again") from None
    return returned


async def _refuse(scope: Scope, session: AuthorizationSession, refusal: SignInFailed) -> Mapping[str, str]:
    if isinstance(refusal, InvalidIdToken):
        async with scope.unit() as unit:
            unit.alarm(SecurityEvent("high", "authentication", "id_token_refused"))
            await unit.commit()
    return await deny(scope, session)


async def _enter(
    scope: Scope, session: AuthorizationSession, provider: IdentityProvider, claims: Mapping[str, Any]
) -> Browser:
    """Issuer and subject name the account, never an email address: a provider could say anybody's.

    Two first sign-ins at once make one account: who comes second finds it.
    """
    async with scope.unit() as unit:
        known = await unit.authenticators.find(KIND, _named(provider, claims)) is not None
    if known:
        return await _admitted(scope, session, provider, claims)
    try:
        async with scope.quotas.spend(scope, USERS):
            return await _admitted(scope, session, provider, claims)
    except LimitReached:
        raise SignInFailed("the tenant may have no more accounts") from None


async def _admitted(
    scope: Scope, session: AuthorizationSession, provider: IdentityProvider, claims: Mapping[str, Any]
) -> Browser:
    for _ in range(2):
        try:
            async with scope.unit() as unit:
                user = await _account(scope, unit, provider, claims)
                browser = await enter(scope, unit, session, user, KIND)
                await unit.commit()
        except Conflict:
            continue
        return browser
    raise SignInFailed("the account is not active, or the sign-in has ended")


async def _account(scope: Scope, unit: Any, provider: IdentityProvider, claims: Mapping[str, Any]) -> UUID:
    name = _named(provider, claims)
    found = await unit.authenticators.find(KIND, name)
    if found is not None:
        await unit.people.set_claims(found.user_id, personal(claims))
        return UUID(str(found.user_id))
    user, key, authenticator = (uuid7(scope.now(), scope.entropy(10)) for _ in range(3))
    await unit.people.add(NewUser(user, key, None, None, personal(claims), None, None))
    secret = {"sub": claims["sub"]}
    await unit.authenticators.add(NewAuthenticator(authenticator, user, KIND, name, secret, provider.issuer))
    return user


def _named(provider: IdentityProvider, claims: Mapping[str, Any]) -> str:
    return f"{provider.issuer}\0{claims['sub']}"
