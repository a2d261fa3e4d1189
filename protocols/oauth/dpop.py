"""Demonstrating Proof of Possession (RFC 9449)."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit

from protocols.encoding import b64url
from protocols.errors import Malformed, ProtocolError
from protocols.http import Call
from protocols.jose import jwk as jwks
from protocols.jose import jws, jwt
from protocols.oauth.errors import InvalidDpopProof

TYPE = "dpop+jwt"
ALGORITHMS = ("ES256", "ES384", "ES512", "EdDSA", "Ed25519", "PS256", "PS384", "PS512")
WINDOW = 60
"""Seconds by which a proof's iat may differ from our clock."""
_LONGEST = 8_192
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class PresentedProof:
    """The DPoP header of a request, unread, with what it must be a proof for."""

    jwt: str
    method: str
    url: str


@dataclass(frozen=True, slots=True)
class DpopProof:
    """A proof that holds, but for its replay: the key's thumbprint, the mark it leaves, its time and nonce."""

    thumbprint: bytes
    mark: bytes
    made_at: datetime
    nonce: str | None


def presented(call: Call) -> PresentedProof | None:
    """The DPoP header. Raises InvalidDpopProof when there are two (RFC 9449, 4.3, 1)."""
    try:
        value = call.header("dpop")
    except Malformed:
        raise InvalidDpopProof("two DPoP headers") from None
    return None if value is None else PresentedProof(value.strip(" "), call.method, call.url)


def verify(proof: PresentedProof, now: datetime, access_token: str | None = None) -> DpopProof:
    """Everything of RFC 9449, 4.3, but nonce and replay, which are the caller's. Raises InvalidDpopProof."""
    if len(proof.jwt) > _LONGEST:
        raise InvalidDpopProof("too long")
    try:
        opened = jwt.open_jwt(proof.jwt, TYPE)
        key = opened.header.get("jwk")
        if not isinstance(key, dict):
            raise InvalidDpopProof("no jwk")
        jwk = jwks.public(key)
        jti = _require_claims(opened, proof, access_token)
        jwt.require_times(opened.claims, now, skew=WINDOW, max_age=0, required=("iat",))
        jws.verify(opened.jws, jwk, ALGORITHMS)
    except ProtocolError as error:
        raise InvalidDpopProof(error.detail or type(error).__name__) from None
    nonce = opened.claims.get("nonce")
    thumbprint = jwks.thumbprint(jwk)
    made_at = datetime.fromtimestamp(float(opened.claims["iat"]), UTC)
    return DpopProof(thumbprint, sha256(thumbprint + jti.encode()).digest(), made_at, nonce)


def _require_claims(opened: jwt.OpenedJwt, proof: PresentedProof, access_token: str | None) -> str:
    """The jti, when every claim is there and means this request."""
    claims = opened.claims
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= 512:
        raise InvalidDpopProof("jti")
    if claims.get("htm") != proof.method:
        raise InvalidDpopProof("htm")
    if not isinstance(claims.get("htu"), str) or _normal(claims["htu"]) != _normal(proof.url):
        raise InvalidDpopProof("htu")
    if not isinstance(claims.get("nonce", ""), str):
        raise InvalidDpopProof("nonce")
    if access_token is not None:
        expected = b64url(sha256(access_token.encode()).digest())
        if not isinstance(claims.get("ath"), str) or not hmac.compare_digest(claims["ath"].encode(), expected.encode()):
            raise InvalidDpopProof("ath")
    return jti


def _normal(url: str) -> tuple[str, str, int | None, str]:
    """Scheme, host, port and path: without query and fragment, in the normal form of RFC 3986, 6.2.2 and 6.2.3."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidDpopProof("htu") from None
    if parts.username is not None or parts.password is not None:
        raise InvalidDpopProof("htu")
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), port or _DEFAULT_PORTS.get(scheme), parts.path or "/"
