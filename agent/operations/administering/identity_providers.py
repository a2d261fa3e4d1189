"""Whom a tenant believes when a person signs in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from agent.audit import AuditEvent
from agent.operations.signing_in.identity_provider import metadata_of
from agent.operations.signing_in.upstream import redirect_uri
from agent.scope import Scope
from agent.scope.tenants import IdentityProvider
from protocols.encoding import b64url
from protocols.errors import ProtocolError
from protocols.jose.jwk import thumbprint
from protocols.oidc import provider_metadata
from protocols.oidc.errors import ProviderUnusable

PRIVATE_KEY_JWT = "private_key_jwt"
_ALGORITHM = "ES256"


class InvalidProvider(ProtocolError):
    """The identity provider cannot be used: its issuer, its document or its authentication method is wrong."""

    code = "invalid_identity_provider"
    status = 422


@dataclass(frozen=True, slots=True)
class AddIdentityProvider:
    """Request: an OpenID Provider, and what it knows us by."""

    issuer: str
    name: str
    client_id: str
    method: str
    secret: str | None = field(default=None, repr=False)
    scope: str = "openid"
    uses_userinfo: bool = False


def provider_id(scope: Scope, issuer: str) -> UUID:
    """Follows from the issuer, so that the redirect URI can be registered there first. Raises InvalidProvider."""
    try:
        return uuid5(scope.tenant.id, provider_metadata.require_issuer(issuer))
    except ProviderUnusable as error:
        raise InvalidProvider(error.detail) from None


async def planned_redirect_uri(scope: Scope, issuer: str) -> str:
    """What to register at the provider of this issuer. Raises InvalidProvider."""
    return redirect_uri(scope, provider_id(scope, issuer))


async def add_identity_provider(scope: Scope, request: AddIdentityProvider) -> IdentityProvider:
    """Believe it from now on; its document is read first. Raises InvalidProvider, Conflict for an issuer twice."""
    identifier = provider_id(scope, request.issuer)
    if (request.secret is None) != (request.method == PRIVATE_KEY_JWT) or "openid" not in request.scope.split():
        raise InvalidProvider("a secret and its method, and the scope openid")
    try:
        await metadata_of(scope, request.issuer)
    except ProviderUnusable as error:
        raise InvalidProvider(error.detail) from None
    key = public = None
    if request.method == PRIVATE_KEY_JWT:
        key, jwk = await scope.keys.generate(_ALGORITHM)
        public = {**jwk, "kid": b64url(thumbprint(jwk)), "alg": _ALGORITHM, "use": "sig"}
    provider = IdentityProvider(
        id=identifier,
        issuer=request.issuer,
        name=request.name,
        client_id=request.client_id,
        authentication_method=request.method,
        scope=request.scope,
        uses_userinfo=request.uses_userinfo,
        secret=request.secret,
        key=key,
        public_key=public,
    )
    async with scope.unit() as unit:
        await unit.identity_providers.add(provider)
        metadata = {"method": request.method}
        unit.record(AuditEvent("identity_provider.added", "identity_provider", identifier, metadata=metadata))
        unit.changes_catalogue()
        await unit.commit()
    return provider


async def list_identity_providers(scope: Scope, _request: None) -> Sequence[IdentityProvider]:
    """All of them."""
    return scope.catalogue.identity_providers


async def remove_identity_provider(scope: Scope, provider: UUID) -> bool:
    """Believe it no more, in every process; its accounts stay, unreachable. False when it was not there."""
    found = next((one for one in scope.catalogue.identity_providers if one.id == provider), None)
    async with scope.unit() as unit:
        removed: bool = await unit.identity_providers.remove(provider)
        if removed:
            unit.record(AuditEvent("identity_provider.removed", "identity_provider", provider, "delete"))
            unit.changes_catalogue()
            await unit.commit()
    if removed and found is not None and found.key is not None:
        await scope.keys.store(found.key.store).forget(found.key)
    return removed
