"""Authorization Server Metadata (RFC 8414)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from protocols.http import Call, Reply
from protocols.oauth.dpop import ALGORITHMS

WELL_KNOWN = ".well-known/oauth-authorization-server"


@dataclass(frozen=True, slots=True)
class ServerMetadata:
    """What the document is made of; an endpoint that is not there is None and not advertised."""

    issuer: str
    token_endpoint: str
    authorization_endpoint: str | None = None
    pushed_authorization_request_endpoint: str | None = None
    challenge_endpoint: str | None = None
    jwks_uri: str | None = None
    require_pushed_authorization_requests: bool = False
    grant_types: Sequence[str] = ()
    authentication_methods: Sequence[str] = ()
    scopes: Sequence[str] = ()
    authentication_metadata: Mapping[str, Any] = field(default_factory=dict)
    anonymous_pre_authorized: bool = True
    certificate_bound: bool = False


def as_json(metadata: ServerMetadata) -> dict[str, Any]:
    """The document (RFC 8414, 2). A server without an authorization endpoint supports no response type."""
    document: dict[str, Any] = {
        "issuer": metadata.issuer,
        "token_endpoint": metadata.token_endpoint,
        "grant_types_supported": list(metadata.grant_types),
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": list(metadata.authentication_methods),
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "pre-authorized_grant_anonymous_access_supported": metadata.anonymous_pre_authorized,
        **metadata.authentication_metadata,
    }
    if metadata.scopes:
        document["scopes_supported"] = list(metadata.scopes)
    if metadata.challenge_endpoint:
        document["challenge_endpoint"] = metadata.challenge_endpoint
    if metadata.jwks_uri:
        document["jwks_uri"] = metadata.jwks_uri
    if metadata.certificate_bound:
        document["tls_client_certificate_bound_access_tokens"] = True
    if metadata.authorization_endpoint:
        document |= _authorization(metadata)
    return document


def _authorization(metadata: ServerMetadata) -> dict[str, Any]:
    found: dict[str, Any] = {
        "authorization_endpoint": metadata.authorization_endpoint,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "authorization_details_types_supported": ["openid_credential"],
    }
    if metadata.pushed_authorization_request_endpoint:
        found["pushed_authorization_request_endpoint"] = metadata.pushed_authorization_request_endpoint
        found["require_pushed_authorization_requests"] = metadata.require_pushed_authorization_requests
    return found


def parse(_call: Call) -> None:
    """A GET without parameters."""


def render(document: bytes) -> Reply:
    """The document as bytes: it changes with the catalogue only."""
    return Reply(200, document, "application/json", {"Cache-Control": "public, max-age=60"})
