"""POST /presentation-requests: a presentation is asked for (OpenID4VP 1.0, 5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.encryption.ephemeral import new_agreement_key
from agent.operations.verifying import secrets
from agent.scope import Scope
from agent.scope.verifying import NewPresentationRequest
from agent.tenancy import uuid7
from protocols.dcql import query
from protocols.encoding import b64url
from protocols.errors import ProtocolError
from protocols.jose.jwk import public, thumbprint
from protocols.openid4vp import authorization_request
from protocols.openid4vp.authorization_request import AuthorizationRequest
from protocols.ports import ClientIdentity, ClientIdPrefix


class UnknownPrefix(ProtocolError):
    """The client identifier prefix is not known or not possible here."""

    code = "unknown_client_id_prefix"
    status = 422


class UnknownFormat(ProtocolError):
    """A credential format of the query is not known."""

    code = "unknown_format"
    status = 422


@dataclass(frozen=True, slots=True)
class RequestPresentation:
    """Request: a DCQL query, how the verifier names itself, and how the answer comes."""

    dcql_query: Mapping[str, Any]
    client_id_prefix: str = "x509_hash"
    response_mode: str = "direct_post.jwt"
    redirect_uri: str | None = None
    lifetime: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class RequestedPresentation:
    """The link for the wallet, and the name under which the result is asked for."""

    presentation_id: UUID
    authorization_request_uri: str
    client_id: str


async def request_presentation(scope: Scope, request: RequestPresentation) -> RequestedPresentation:
    """Raises InvalidQuery, UnknownPrefix, UnknownFormat."""
    asked = query.parse(request.dcql_query)
    if any(one.format not in scope.plugins["credential_formats"] for one in asked.credentials):
        raise UnknownFormat()
    made = uuid7(scope.now(), scope.entropy(10))
    prefix = _prefix(scope, request.client_id_prefix)
    identity = identity_of(scope, response_uri(scope, made))
    key = new_agreement_key() if request.response_mode == "direct_post.jwt" else None
    new = NewPresentationRequest(
        id=made,
        verifier_id=scope.catalogue.verifier_id,
        dcql_query=asked.sent,
        client_id_prefix=request.client_id_prefix,
        response_mode=request.response_mode,
        client_id=prefix.client_id(identity),
        nonce_hash=secrets.digest(secrets.nonce(scope.vault, made)),
        state_hash=secrets.digest(secrets.state(scope.vault, made)),
        encryption_key=key,
        redirect_uri=request.redirect_uri,
        expires_at=scope.now() + request.lifetime,
    )
    async with scope.unit() as unit:
        metadata = {"prefix": request.client_id_prefix, "response_mode": request.response_mode}
        unit.record(AuditEvent("presentation.requested", "presentation_request", made, "request", made, metadata))
        await unit.presentations.add(new)
        await unit.commit()
    return RequestedPresentation(made, _link(scope, new, prefix.signing(identity).signed), new.client_id)


def _prefix(scope: Scope, name: str) -> ClientIdPrefix:
    found: ClientIdPrefix | None = scope.plugins["client_id_prefixes"].get(name)
    if found is None:
        raise UnknownPrefix(name)
    return found


def response_uri(scope: Scope, request: UUID) -> str:
    """Where the wallet posts its answer."""
    return f"{scope.tenant.base_url}/presentation-responses/{secrets.reference(scope.vault, request, 'response')}"


def identity_of(scope: Scope, response: str) -> ClientIdentity:
    """What the tenant may call itself by."""
    key = scope.catalogue.key("verifier")
    return ClientIdentity(response, scope.catalogue.dns_names, key.x5c, scope.catalogue.did)


def _link(scope: Scope, new: NewPresentationRequest, signed: bool) -> str:
    if signed:
        reference = secrets.reference(scope.vault, new.id, "request")
        uri = f"{scope.tenant.base_url}/presentation-requests/{reference}"
        return authorization_request.by_reference(new.client_id, uri)
    return authorization_request.by_value(
        request_of(scope, new.id, new.client_id, new.response_mode, new.dcql_query, new.encryption_key)
    )


def request_of(
    scope: Scope,
    request: UUID,
    client_id: str,
    response_mode: str,
    dcql_query: Mapping[str, Any],
    encryption_key: Mapping[str, Any] | None,
) -> AuthorizationRequest:
    """The Authorization Request of a transaction: made again, the same, whenever it is fetched."""
    return AuthorizationRequest(
        client_id=client_id,
        response_mode=response_mode,
        response_uri=response_uri(scope, request),
        nonce=secrets.nonce(scope.vault, request),
        state=secrets.state(scope.vault, request),
        dcql_query=dcql_query,
        vp_formats_supported={
            name: found.supported for name, found in sorted(scope.plugins["credential_formats"].items())
        },
        encryption_key=_shown(encryption_key) if encryption_key else None,
    )


def public_part(private: Mapping[str, Any]) -> dict[str, Any]:
    """The public members of the key that the response is encrypted to."""
    return public({name: value for name, value in private.items() if name != "d"})


def _shown(private: Mapping[str, Any]) -> dict[str, Any]:
    """The public half, as client_metadata holds it (8.3)."""
    jwk = public_part(private)
    return {**jwk, "kid": b64url(thumbprint(jwk)), "use": "enc", "alg": "ECDH-ES"}
