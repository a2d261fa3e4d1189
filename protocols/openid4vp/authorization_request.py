"""Authorization Requests (OpenID4VP 1.0, 5): the Request Object and the links that lead to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from protocols.encoding import render_json
from protocols.http import NO_STORE, Call, Reply
from protocols.jose import jwt

SCHEME = "openid4vp://"
TYPE = "oauth-authz-req+jwt"
AUDIENCE = "https://self-issued.me/v2"
MEDIA_TYPE = "application/oauth-authz-req+jwt"
ENCODINGS = ("A128GCM", "A256GCM")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What is asked, of whom the answer goes where. `encryption_key` is the public JWK for direct_post.jwt."""

    client_id: str
    response_mode: str
    response_uri: str
    nonce: str
    state: str
    dcql_query: Mapping[str, Any]
    vp_formats_supported: Mapping[str, Any]
    encryption_key: Mapping[str, Any] | None = None


def parameters(request: AuthorizationRequest) -> dict[str, Any]:
    """The request's parameters (5.1 and 8.2, 8.3.1)."""
    metadata: dict[str, Any] = {"vp_formats_supported": dict(request.vp_formats_supported)}
    if request.encryption_key is not None:
        metadata["jwks"] = {"keys": [dict(request.encryption_key)]}
        metadata["encrypted_response_enc_values_supported"] = list(ENCODINGS)
    return {
        "client_id": request.client_id,
        "response_type": "vp_token",
        "response_mode": request.response_mode,
        "response_uri": request.response_uri,
        "nonce": request.nonce,
        "state": request.state,
        "dcql_query": dict(request.dcql_query),
        "client_metadata": metadata,
    }


def request_object(
    request: AuthorizationRequest, header: Mapping[str, Any], algorithm: str, now: datetime, expires: datetime
) -> bytes:
    """The signing input of the Request Object (5, RFC 9101); `jws.seal` finishes it."""
    times = {"iat": int(now.timestamp()), "exp": int(expires.timestamp())}
    claims = {**parameters(request), "aud": AUDIENCE, **times}
    return jwt.render({"alg": algorithm, "typ": TYPE, **header}, claims)


def by_reference(client_id: str, request_uri: str) -> str:
    """The link of a signed request (5.4)."""
    return f"{SCHEME}?client_id={quote(client_id, safe='')}&request_uri={quote(request_uri, safe='')}"


def by_value(request: AuthorizationRequest) -> str:
    """The link of a request that must not be signed: objects as JSON text (5.1)."""
    flat = {
        name: value if isinstance(value, str) else render_json(value).decode()
        for name, value in parameters(request).items()
    }
    return f"{SCHEME}?{urlencode(flat, quote_via=quote)}"


def parse(call: Call) -> str:
    """The secret part of a request_uri."""
    return call.path["request"]


def render(token: str) -> Reply:
    """The signed Request Object as fetched (5.10; RFC 9101, 5.2.3)."""
    return Reply(200, token.encode(), MEDIA_TYPE, NO_STORE)
