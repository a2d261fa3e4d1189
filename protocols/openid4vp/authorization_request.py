"""Authorization Requests (OpenID4VP 1.0, 5 and A.2): their parameters, and the links that lead to them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from protocols.encoding import render_json

SCHEME = "openid4vp://"
ENCODINGS = ("A128GCM", "A256GCM")

DIRECT_POST, DIRECT_POST_JWT = "direct_post", "direct_post.jwt"
DC_API, DC_API_JWT = "dc_api", "dc_api.jwt"
FRAGMENT = "fragment"
POSTED = frozenset({DIRECT_POST, DIRECT_POST_JWT})
DIGITAL = frozenset({DC_API, DC_API_JWT})
ENCRYPTED = frozenset({DIRECT_POST_JWT, DC_API_JWT})
RESPONSE_MODES = (DIRECT_POST, DIRECT_POST_JWT, DC_API, DC_API_JWT, FRAGMENT)

_ENDPOINT = re.compile(r"([a-z][a-z0-9+.-]{1,63})://[A-Za-z0-9._~:/?@!$&'()*+,;=%\[\]-]{0,512}")
_NO_WALLETS = frozenset(
    {"about", "blob", "data", "file", "filesystem", "ftp", "http", "javascript", "vbscript", "view-source", "ws", "wss"}
)
"""Schemes that a browser takes for itself: a link with one would run or open something else than a wallet."""


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What is asked, of whom, and where the answer goes.

    `client_id` is None in an unsigned request over the Digital Credentials API; `answer_uri` the response_uri, or the
    redirect_uri of the fragment mode; `encryption_key` the public JWK of the encrypted modes; `metadata_known`: the
    wallet has the verifier's metadata already, so that client_metadata says only what is of this request.
    """

    client_id: str | None
    response_mode: str
    nonce: str
    dcql_query: Mapping[str, Any]
    vp_formats_supported: Mapping[str, Any]
    answer_uri: str | None = None
    state: str | None = None
    encryption_key: Mapping[str, Any] | None = None
    encodings: tuple[str, ...] = ENCODINGS
    transaction_data: tuple[str, ...] = ()
    verifier_info: tuple[Mapping[str, Any], ...] = ()
    expected_origins: tuple[str, ...] = ()
    wallet_nonce: str | None = None
    metadata_known: bool = False


def parameters(request: AuthorizationRequest) -> dict[str, Any]:
    """The request's parameters (5.1, 5.2, 8.2, 8.3.1, A.2); what does not belong to it is absent."""
    found: dict[str, Any] = {
        "client_id": request.client_id,
        "response_type": "vp_token",
        "response_mode": request.response_mode,
        "redirect_uri" if request.response_mode == FRAGMENT else "response_uri": request.answer_uri,
        "nonce": request.nonce,
        "state": request.state,
        "dcql_query": dict(request.dcql_query),
        "client_metadata": _client_metadata(request),
        "transaction_data": list(request.transaction_data),
        "verifier_info": [dict(one) for one in request.verifier_info],
        "expected_origins": list(request.expected_origins),
        "wallet_nonce": request.wallet_nonce,
    }
    return {name: value for name, value in found.items() if value is not None and value not in ([], {})}


def _client_metadata(request: AuthorizationRequest) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if not request.metadata_known:
        metadata["vp_formats_supported"] = dict(request.vp_formats_supported)
    if request.encryption_key is not None:
        metadata["jwks"] = {"keys": [dict(request.encryption_key)]}
        metadata["encrypted_response_enc_values_supported"] = list(request.encodings)
    return metadata


def is_authorization_endpoint(text: str) -> bool:
    """Whether a link can lead to a wallet there (5): https, or a scheme that wallets registered; no fragment."""
    found = _ENDPOINT.fullmatch(text)
    if found is None or found[1] in _NO_WALLETS:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return "@" not in parts.netloc and (found[1] != "https" or bool(parts.hostname))


def by_reference(
    client_id: str, request_uri: str, request_uri_method: str | None = None, endpoint: str = SCHEME
) -> str:
    """The link of a signed request (5.4, 5.10)."""
    given = f"client_id={quote(client_id, safe='')}&request_uri={quote(request_uri, safe='')}"
    return _link(endpoint, f"{given}&request_uri_method={request_uri_method}" if request_uri_method else given)


def signed_by_value(client_id: str, token: str, endpoint: str = SCHEME) -> str:
    """The link that holds a signed Request Object itself (RFC 9101, 5)."""
    return _link(endpoint, f"client_id={quote(client_id, safe='')}&request={token}")


def by_value(request: AuthorizationRequest, endpoint: str = SCHEME) -> str:
    """The link of a request that must not be signed: objects as JSON text (5.1)."""
    flat = {
        name: value if isinstance(value, str) else render_json(value).decode()
        for name, value in parameters(request).items()
    }
    return _link(endpoint, urlencode(flat, quote_via=quote))


def _link(endpoint: str, given: str) -> str:
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{given}"
