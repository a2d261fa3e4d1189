"""The metadata documents, rendered once for each version of a tenant's catalogue and each table of routes."""

from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from typing import Any

from agent.encryption import transport
from agent.operations.issuing.authenticate_client import ATTESTED
from agent.scope import Scope
from agent.scope.tenants import CredentialConfiguration
from protocols.encoding import render_json
from protocols.jose import jws
from protocols.oauth import metadata as oauth_metadata
from protocols.oauth.client_authentication import BY_CERTIFICATE
from protocols.oauth.metadata import ServerMetadata
from protocols.oauth.token import AUTHORIZATION_CODE, PRE_AUTHORIZED_CODE, REFRESH_TOKEN
from protocols.openid4vci import metadata
from protocols.openid4vci.metadata import IssuerMetadata, MetadataDocument, MetadataRequest, SupportedCredential

BATCH_SIZE = 10
_SECONDS = 3600.0


def serve_issuer_metadata(
    routes: Container[str],
) -> Callable[[Scope, MetadataRequest], Awaitable[MetadataDocument]]:
    """GET of the Credential Issuer Metadata; `routes` are the tenant's paths, so what is off is not advertised."""

    async def serve(scope: Scope, request: MetadataRequest) -> MetadataDocument:
        configurations = scope.catalogue.configurations.values()
        displays = [scope.catalogue.issuer_display, *(one.display for one in configurations)]
        languages = metadata.chosen(displays, request.languages)

        async def render() -> MetadataDocument:
            document = metadata.as_json(_issuer(scope, routes, languages))
            body = await _signed(scope, document) if request.signed else render_json(document)
            return MetadataDocument(body, request.signed, languages)

        key = f"{scope.catalogue.version} {request.signed} {languages}"
        found: MetadataDocument = await scope.cache.get("issuer_metadata", key, render, _SECONDS)
        return found

    return serve


async def _signed(scope: Scope, document: Mapping[str, Any]) -> bytes:
    issuer, base = scope.catalogue.key("issuer"), scope.tenant.base_url
    payload = metadata.signing_input(document, base, int(scope.now().timestamp()), issuer.handle.algorithm, issuer.x5c)
    return jws.seal(payload, await scope.keys.sign(issuer.handle, payload)).encode()


def serve_authorization_server_metadata(routes: Container[str]) -> Callable[[Scope, None], Awaitable[bytes]]:
    """GET of the Authorization Server Metadata; what is off is not advertised here either."""

    async def serve(scope: Scope, _request: None) -> bytes:
        async def render() -> bytes:
            return render_json(oauth_metadata.as_json(_server(scope, routes)))

        document: bytes = await scope.cache.get("server_metadata", scope.catalogue.version, render, _SECONDS)
        return document

    return serve


def _server(scope: Scope, routes: Container[str]) -> ServerMetadata:
    base, policy = scope.tenant.base_url, scope.catalogue.policy
    plugins = scope.plugins["client_authentication"]
    methods = [name for name in plugins if name == ATTESTED or not policy.require_client_attestation]
    if not policy.require_client_attestation:
        methods.append("none")

    def endpoint(path: str) -> str | None:
        return f"{base}{path}" if path in routes else None

    grants = [PRE_AUTHORIZED_CODE]
    authorize = endpoint("/authorize") if _signs_in(scope) else None
    if authorize:
        grants += [AUTHORIZATION_CODE, *([REFRESH_TOKEN] if policy.refresh_tokens else [])]
    return ServerMetadata(
        issuer=base,
        token_endpoint=f"{base}/token",
        authorization_endpoint=authorize,
        pushed_authorization_request_endpoint=endpoint("/par"),
        challenge_endpoint=endpoint("/challenge") if ATTESTED in methods else None,
        jwks_uri=endpoint("/jwks"),
        require_pushed_authorization_requests=policy.require_par,
        grant_types=grants,
        authentication_methods=methods,
        scopes=sorted({one.scope for one in scope.catalogue.configurations.values() if one.scope}),
        authentication_metadata={
            name: value for method in methods if method in plugins for name, value in plugins[method].metadata.items()
        },
        anonymous_pre_authorized=policy.anonymous_pre_authorized,
        certificate_bound=not BY_CERTIFICATE.isdisjoint(methods),
    )


def _signs_in(scope: Scope) -> bool:
    """Whether a person has any way to sign in."""
    policy = scope.catalogue.policy
    upstream = policy.upstream_sign_in and bool(scope.catalogue.identity_providers)
    return policy.password_sign_in or policy.passkey_sign_in or upstream


def _issuer(scope: Scope, routes: Container[str], languages: Sequence[str]) -> IssuerMetadata:
    base = scope.tenant.base_url
    return IssuerMetadata(
        credential_issuer=base,
        credential_endpoint=f"{base}/credential",
        nonce_endpoint=f"{base}/nonce" if "/nonce" in routes else None,
        notification_endpoint=f"{base}/notification" if "/notification" in routes else None,
        deferred_credential_endpoint=f"{base}/deferred_credential" if "/deferred_credential" in routes else None,
        batch_size=BATCH_SIZE,
        display=_display(scope.catalogue.issuer_display, languages),
        request_encryption_keys=[transport.public_part(transport.request_keys(scope.vault, scope.now())[0])],
        encryption_required=scope.catalogue.policy.require_encryption,
        configurations={
            name: _supported(scope, configuration, languages)
            for name, configuration in scope.catalogue.configurations.items()
            if configuration.format in scope.plugins["credential_formats"]
        },
    )


def _supported(scope: Scope, configuration: CredentialConfiguration, languages: Sequence[str]) -> SupportedCredential:
    issues = scope.plugins["credential_formats"][configuration.format]
    known = scope.plugins["key_proofs"]
    attested = configuration.key_attestations_required
    spelled: Mapping[str, Any] = getattr(issues, "signing_alg_values", {})
    return SupportedCredential(
        format=configuration.format,
        names=issues.metadata(configuration.type, *([configuration.options] if configuration.options else [])),
        scope=configuration.scope,
        algorithms=(
            configuration.options.get("cryptosuite", spelled.get(configuration.algorithm, configuration.algorithm)),
        ),
        binding_methods=configuration.binding_methods,
        proof_types={
            name: found
            for name, found in configuration.proof_types.items()
            if name in known and (attested is None or getattr(known[name], "attestable", True))
        },
        display=_display(configuration.display, languages),
        claims=[
            {**claim, "display": _display(claim["display"], languages)} if "display" in claim else claim
            for claim in configuration.claims
        ],
        key_attestations_required=attested,
    )


def _display(display: Sequence[Mapping[str, Any]], languages: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    return metadata.in_languages(display, languages) if languages else display
