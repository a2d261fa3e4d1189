"""The code for an ID token (OpenID Connect Core 1.0, 3.1.3; RFC 6749, 2.3.1; RFC 7523, 2.2), and UserInfo (5.3)."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, urlencode

from protocols.encoding import parse_json_object
from protocols.errors import Malformed
from protocols.oauth.client_authentication import JWT_BEARER
from protocols.oidc.authentication import AuthenticationRequest
from protocols.oidc.errors import SignInFailed

FORM = "application/x-www-form-urlencoded"
_ASSERTION_LIFETIME = 60


@dataclass(frozen=True, slots=True)
class ClientProof:
    """How a token request shows who sends it: parameters of its form, and headers."""

    form: Mapping[str, str]
    headers: Mapping[str, str]


def secret_basic(client_id: str, secret: str) -> ClientProof:
    """client_secret_basic: each part escaped as in a form before it is encoded (RFC 6749, 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()
    return ClientProof({}, {"Authorization": f"Basic {b64encode(pair).decode()}"})


def secret_post(client_id: str, secret: str) -> ClientProof:
    """client_secret_post."""
    return ClientProof({"client_id": client_id, "client_secret": secret}, {})


def assertion_claims(client_id: str, issuer: str, jti: str, now: datetime) -> dict[str, Any]:
    """The claims of a private_key_jwt (Core 1.0, 9); its audience is the issuer alone (RFC 7523bis, 4)."""
    made = int(now.timestamp())
    claims = {"iss": client_id, "sub": client_id, "aud": issuer, "jti": jti}
    return {**claims, "iat": made, "exp": made + _ASSERTION_LIFETIME}


def private_key_jwt(client_id: str, assertion: str) -> ClientProof:
    """private_key_jwt with the assertion signed."""
    form = {"client_id": client_id, "client_assertion_type": JWT_BEARER, "client_assertion": assertion}
    return ClientProof(form, {})


def render(code: str, request: AuthenticationRequest, proof: ClientProof) -> bytes:
    """The form of the token request (3.1.3.1)."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": request.redirect_uri,
        "code_verifier": request.code_verifier,
        **proof.form,
    }
    return urlencode(form).encode()


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave, nothing of it believed."""

    id_token: str
    access_token: str


def read(status: int, body: bytes) -> Tokens:
    """The token response (3.1.3.3). Raises SignInFailed."""
    if status != 200:
        raise SignInFailed("the token endpoint refused")
    try:
        found = parse_json_object(body)
    except Malformed as error:
        raise SignInFailed(error.detail) from None
    id_token, access_token = found.get("id_token"), found.get("access_token")
    if not isinstance(id_token, str) or not isinstance(access_token, str):
        raise SignInFailed("no ID token")
    if str(found.get("token_type")).lower() != "bearer":
        raise SignInFailed("token_type")
    return Tokens(id_token, access_token)


def read_userinfo(status: int, media_type: str, body: bytes, subject: str) -> dict[str, Any]:
    """The claims of UserInfo, which must be of the same person (5.3.2, 5.3.4). Raises SignInFailed."""
    if status != 200 or media_type != "application/json":
        raise SignInFailed("UserInfo refused")
    try:
        found = parse_json_object(body)
    except Malformed as error:
        raise SignInFailed(error.detail) from None
    if found.get("sub") != subject:
        raise SignInFailed("UserInfo of somebody else")
    return found
