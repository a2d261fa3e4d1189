"""The metadata documents, rendered once for each version of a tenant's catalogue and each table of routes."""

from collections.abc import Awaitable, Callable, Container
from functools import partial

from agent.scope import Scope
from agent.scope.tenants import CredentialConfiguration
from protocols.encoding import render_json
from protocols.oauth import metadata as oauth_metadata
from protocols.oauth.token import PRE_AUTHORIZED_CODE
from protocols.openid4vci import metadata
from protocols.openid4vci.metadata import IssuerMetadata, SupportedCredential

BATCH_SIZE = 10
_SECONDS = 3600.0


def serve_issuer_metadata(routes: Container[str]) -> Callable[[Scope, None], Awaitable[bytes]]:
    """GET of the Credential Issuer Metadata; `routes` are the tenant's paths, so what is off is not advertised."""

    async def serve(scope: Scope, _request: None) -> bytes:
        async def render() -> bytes:
            return render_json(metadata.as_json(_issuer(scope, routes)))

        document: bytes = await scope.cache.get("issuer_metadata", scope.catalogue.version, render, _SECONDS)
        return document

    return serve


async def serve_authorization_server_metadata(scope: Scope, _request: None) -> bytes:
    """GET of the Authorization Server Metadata."""
    base = scope.tenant.base_url
    render = partial(oauth_metadata.as_json, base, f"{base}/token", (PRE_AUTHORIZED_CODE,))

    async def fill() -> bytes:
        return render_json(render())

    document: bytes = await scope.cache.get("server_metadata", scope.catalogue.version, fill, _SECONDS)
    return document


def _issuer(scope: Scope, routes: Container[str]) -> IssuerMetadata:
    base = scope.tenant.base_url
    return IssuerMetadata(
        credential_issuer=base,
        credential_endpoint=f"{base}/credential",
        nonce_endpoint=f"{base}/nonce" if "/nonce" in routes else None,
        notification_endpoint=f"{base}/notification" if "/notification" in routes else None,
        batch_size=BATCH_SIZE,
        display=scope.catalogue.issuer_display,
        configurations={
            name: _supported(scope, configuration)
            for name, configuration in scope.catalogue.configurations.items()
            if configuration.format in scope.plugins["credential_formats"]
        },
    )


def _supported(scope: Scope, configuration: CredentialConfiguration) -> SupportedCredential:
    issues = scope.plugins["credential_formats"][configuration.format]
    known = scope.plugins["key_proofs"]
    return SupportedCredential(
        format=configuration.format,
        names=issues.metadata(configuration.type),
        scope=configuration.scope,
        algorithms=(configuration.algorithm,),
        binding_methods=configuration.binding_methods,
        proof_types={name: found for name, found in configuration.proof_types.items() if name in known},
        display=configuration.display,
        claims=configuration.claims,
    )
