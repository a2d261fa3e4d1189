"""A stored request becomes an Authorization Request: the same, whenever it is fetched, signed at that moment."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.operations.verifying import secrets
from agent.operations.verifying.identity import UNSIGNED, answer_uri, identity_of, prefix_of, request_uri
from agent.scope import Scope
from agent.scope.verifying import NewPresentationRequest, OpenRequest
from protocols.jose import jws
from protocols.openid4vp import authorization_request, request_object
from protocols.openid4vp.authorization_request import DIGITAL, SCHEME, AuthorizationRequest
from protocols.ports import RequestSigner

Stored = NewPresentationRequest | OpenRequest


async def signer_of(scope: Scope, stored: Stored, prefix: str | None = None) -> tuple[str, RequestSigner]:
    """(client_id, how it signs) under the request's prefix, or another one."""
    identity = await identity_of(scope, answer_uri(scope, stored.id, stored.response_mode))
    found = prefix_of(scope, prefix or stored.client_id_prefix)
    return found.client_id(identity), found.signing(identity)


def request_of(
    scope: Scope, stored: Stored, signer: RequestSigner, wallet_nonce: str | None = None
) -> AuthorizationRequest:
    """What is sent, signed or not. Over the Digital Credentials API there is neither state nor an address."""
    digital, signed = stored.response_mode in DIGITAL, stored.client_id_prefix != UNSIGNED
    key = stored.encryption_key
    return AuthorizationRequest(
        client_id=stored.client_id if signed else None,
        response_mode=stored.response_mode,
        nonce=secrets.nonce(scope.vault, stored.id),
        dcql_query=stored.dcql_query,
        vp_formats_supported=_formats(scope, stored.dcql_query),
        answer_uri=None if digital else answer_uri(scope, stored.id, stored.response_mode),
        state=None if digital else secrets.state(scope.vault, stored.id),
        encryption_key=_shown(key) if key else None,
        transaction_data=stored.transaction_data,
        verifier_info=stored.terms.verifier_info,
        expected_origins=stored.terms.origins if digital and signed else (),
        wallet_nonce=wallet_nonce,
        metadata_known=signer.metadata_known,
    )


def link_to(scope: Scope, stored: Stored, signer: RequestSigner) -> str:
    """What invokes the wallet: the whole request where nobody may sign it, else where it is fetched."""
    endpoint = stored.terms.authorization_endpoint or SCHEME
    if not signer.signed:
        return authorization_request.by_value(request_of(scope, stored, signer), endpoint)
    where, method = request_uri(scope, stored.id), stored.terms.request_uri_method
    return authorization_request.by_reference(stored.client_id, where, method, endpoint)


async def sign(scope: Scope, request: AuthorizationRequest, stored: Stored, signer: RequestSigner) -> str:
    """The signed Request Object."""
    key = scope.catalogue.key("verifier")
    prepared = request_object.prepare(request, signer.header, key.algorithm, scope.now(), stored.expires_at)
    return jws.seal(prepared, await scope.keys.sign(key.handle, prepared))


async def sign_together(
    scope: Scope, request: AuthorizationRequest, stored: Stored, signers: Sequence[tuple[str, RequestSigner]]
) -> Mapping[str, Any]:
    """The Request Object that several identities sign."""
    key = scope.catalogue.key("verifier")
    identities = [(client_id, signer.header) for client_id, signer in signers]
    prepared = request_object.prepare_together(request, identities, key.algorithm, scope.now(), stored.expires_at)
    return request_object.seal_together(prepared, [await scope.keys.sign(key.handle, one) for one in prepared])


def _formats(scope: Scope, query: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are asked for: a wallet may refuse what it cannot read of others."""
    found = scope.plugins["credential_formats"]
    return {name: found[name].supported for name in sorted({asked["format"] for asked in query["credentials"]})}


def _shown(private: Mapping[str, Any]) -> dict[str, Any]:
    """The public half, as client_metadata holds it (8.3)."""
    return {name: value for name, value in private.items() if name != "d"} | {"use": "enc", "alg": "ECDH-ES"}
