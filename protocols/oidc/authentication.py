"""Sending a person to an OpenID Provider, and what they come back with (OpenID Connect Core 1.0, 3.1.2; RFC 9207)."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlencode, urlsplit

from protocols.encoding import b64url
from protocols.oidc.errors import SignInFailed
from protocols.oidc.provider_metadata import ProviderMetadata

_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class AuthenticationRequest:
    """What one sign-in was begun with; `code_verifier` stays here (RFC 7636)."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str
    nonce: str
    code_verifier: str


def render(request: AuthenticationRequest, provider: ProviderMetadata) -> str:
    """The address that the browser is sent to (3.1.2.1)."""
    parameters = {
        "response_type": "code",
        "client_id": request.client_id,
        "redirect_uri": request.redirect_uri,
        "scope": request.scope,
        "state": request.state,
        "nonce": request.nonce,
        "code_challenge": b64url(sha256(request.code_verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    joint = "&" if urlsplit(provider.authorization_endpoint).query else "?"
    return f"{provider.authorization_endpoint}{joint}{urlencode(parameters)}"


def read_code(parameters: Mapping[str, str], provider: ProviderMetadata) -> str:
    """The code of a response whose state was found to be ours (3.1.2.5). Raises SignInFailed."""
    # 1. who answers, before anything of the answer is used (RFC 9207, 2.4)
    named = parameters.get("iss")
    if named is None and provider.names_itself:
        raise SignInFailed("iss is missing")
    if named is not None and not hmac.compare_digest(named.encode(), provider.issuer.encode()):
        raise SignInFailed("iss is another's")
    # 2. an error ends it (3.1.2.6)
    if "error" in parameters:
        raise SignInFailed("the provider answered with an error")
    code = parameters.get("code", "")
    if not 1 <= len(code) <= _LONGEST:
        raise SignInFailed("no code")
    return code
