"""Asking a tenant's identity provider: its document, its keys, its tokens. All waiting is here, all of it guarded."""

from functools import partial
from typing import Any

from agent.scope import Scope
from agent.scope.tenants import IdentityProvider
from protocols.encoding import b64url
from protocols.jose import jws, jwt
from protocols.oidc import id_token, provider_metadata, token
from protocols.oidc.authentication import AuthenticationRequest
from protocols.oidc.errors import ProviderUnusable, SignInFailed
from protocols.oidc.id_token import Expected
from protocols.oidc.provider_metadata import ProviderMetadata
from protocols.oidc.token import ClientProof, Tokens
from protocols.ports.keys import Jwk
from protocols.ports.tools import Fetched, FetchFailed, FetchRefused

_DOCUMENT_SECONDS, _KEYS_SECONDS, _AGAIN_SECONDS = 3600.0, 300.0, 30.0
_MAX_BYTES = 262_144


async def metadata_of(scope: Scope, issuer: str) -> ProviderMetadata:
    """The provider's document, known for an hour. Raises ProviderUnusable."""

    async def fill() -> ProviderMetadata:
        return provider_metadata.read(await _document(scope, provider_metadata.location(issuer)), issuer)

    found: ProviderMetadata = await scope.cache.get("identity_provider", issuer, fill, _DOCUMENT_SECONDS)
    return found


async def _document(scope: Scope, url: str) -> bytes:
    try:
        answer: Fetched = await scope.fetch.get(url, "application/json", _MAX_BYTES)
    except (FetchRefused, FetchFailed):
        raise ProviderUnusable("does not answer") from None
    if answer.status != 200:
        raise ProviderUnusable("answers with an error")
    return answer.body


async def _keys(scope: Scope, jwks_uri: str, kid: str | None) -> tuple[Jwk, ...]:
    """The provider's keys; for a kid that is not among them they are asked for once more, but not at every token."""

    async def fill() -> tuple[Jwk, ...]:
        return provider_metadata.read_keys(await _document(scope, jwks_uri))

    keys: tuple[Jwk, ...] = await scope.cache.get("identity_provider_keys", jwks_uri, fill, _KEYS_SECONDS)
    if kid is not None and all(one.get("kid") != kid for one in keys):
        keys = await scope.cache.get("identity_provider_keys_again", jwks_uri, fill, _AGAIN_SECONDS)
    return keys


async def claims_for_code(
    scope: Scope, provider: IdentityProvider, request: AuthenticationRequest, code: str
) -> dict[str, Any]:
    """The believed claims of whom the provider signed in. Raises SignInFailed and its kin."""
    metadata = await metadata_of(scope, provider.issuer)
    tokens = await _tokens(scope, provider, metadata, request, code)
    opened = id_token.open_id_token(tokens.id_token)
    keys = await _keys(scope, metadata.jwks_uri, opened.header.get("kid"))
    expected = Expected(provider.issuer, provider.client_id, request.nonce, metadata.algorithms, scope.now())
    claims = dict(id_token.verify(opened, keys, expected, tokens.access_token))
    if provider.uses_userinfo and metadata.userinfo_endpoint:
        return {**await _userinfo(scope, metadata.userinfo_endpoint, tokens, claims["sub"]), **claims}
    return claims


async def _tokens(
    scope: Scope, provider: IdentityProvider, metadata: ProviderMetadata, request: AuthenticationRequest, code: str
) -> Tokens:
    proof = await _proof(scope, provider)
    body = token.render(code, request, proof)
    try:
        answer = await scope.fetch.post(metadata.token_endpoint, body, token.FORM, _MAX_BYTES, proof.headers)
    except (FetchRefused, FetchFailed):
        raise ProviderUnusable("the token endpoint does not answer") from None
    return token.read(answer.status, answer.body)


async def _proof(scope: Scope, provider: IdentityProvider) -> ClientProof:
    """By the method that was agreed, and no other."""
    if provider.authentication_method == "private_key_jwt" and provider.key and provider.public_key:
        header = {"alg": provider.key.algorithm, "kid": provider.public_key["kid"], "typ": "JWT"}
        jti = b64url(scope.entropy(16))
        claims = token.assertion_claims(provider.client_id, provider.issuer, jti, scope.now())
        payload = jwt.render(header, claims)
        return token.private_key_jwt(
            provider.client_id, jws.seal(payload, await scope.keys.sign(provider.key, payload))
        )
    make = {"client_secret_basic": token.secret_basic, "client_secret_post": token.secret_post}
    return partial(make[provider.authentication_method], provider.client_id)(provider.secret or "")


async def _userinfo(scope: Scope, endpoint: str, tokens: Tokens, subject: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {tokens.access_token}"}
    try:
        answer = await scope.fetch.get(endpoint, "application/json", _MAX_BYTES, headers)
    except (FetchRefused, FetchFailed):
        raise SignInFailed("UserInfo does not answer") from None
    return token.read_userinfo(answer.status, answer.media_type, answer.body, subject)
