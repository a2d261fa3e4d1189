"""Believing an ID token (OpenID Connect Core 1.0, 2 and 3.1.3.7)."""

import hmac
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256, sha384, sha512
from typing import Any

from protocols.encoding import b64url
from protocols.errors import ProtocolError
from protocols.jose import jws, jwt
from protocols.jose.jwt import OpenedJwt
from protocols.oidc.errors import InvalidIdToken
from protocols.oidc.provider_metadata import candidates

MAX_AGE = 600
SKEW = 60
_OF_THE_PROTOCOL = frozenset(
    {"iss", "sub", "aud", "exp", "iat", "nbf", "jti", "nonce", "azp", "sid"}
    | {"auth_time", "acr", "amr", "at_hash", "c_hash", "s_hash"}
)
_HASHES = {"256": sha256, "384": sha384, "512": sha512}


@dataclass(frozen=True, slots=True)
class Expected:
    """What an ID token has to say."""

    issuer: str
    client_id: str
    nonce: str
    algorithms: Container[str]
    now: datetime


def open_id_token(token: str) -> OpenedJwt:
    """Taken apart, nothing believed. Raises InvalidIdToken for `none`, HS256 and whatever is no JWT."""
    if len(token) > 32_768:
        raise InvalidIdToken("too long")
    try:
        return jwt.open_jwt(token, frozenset({None, "JWT"}))
    except ProtocolError as error:
        raise InvalidIdToken(error.detail) from None


def verify(
    opened: OpenedJwt, keys: Sequence[Mapping[str, Any]], expected: Expected, access_token: str
) -> Mapping[str, Any]:
    """The claims, believed. Raises InvalidIdToken."""
    claims, algorithm = opened.claims, str(opened.header["alg"])
    # 2. the issuer, to the character
    if claims.get("iss") != expected.issuer:
        raise InvalidIdToken("iss")
    # 3. to 5. for us, and for us alone when it is for several
    _require_audience(claims, expected.client_id)
    # 6. to 8. an algorithm that was agreed, a key of the provider, the signature
    if algorithm not in expected.algorithms:
        raise InvalidIdToken("alg is not the provider's")
    _require_signature(opened, candidates(keys, opened.header.get("kid"), algorithm), algorithm)
    # 9. and 10. the times
    _require_times(claims, expected.now)
    # 11. of this very sign-in
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise InvalidIdToken("nonce")
    # 3.1.3.8: of this very access token
    if "at_hash" in claims and claims["at_hash"] != half_hash(access_token, algorithm):
        raise InvalidIdToken("at_hash")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isascii():
        raise InvalidIdToken("sub")
    return claims


def _require_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if client_id not in named:
        raise InvalidIdToken("aud")
    if claims.get("azp", client_id) != client_id or (len(named) > 1 and "azp" not in claims):
        raise InvalidIdToken("azp")


def _require_signature(opened: OpenedJwt, keys: Sequence[Mapping[str, Any]], algorithm: str) -> None:
    if not keys:
        raise InvalidIdToken("no key of the provider fits")
    for key in keys:
        try:
            jws.verify(opened.jws, key, (algorithm,))
        except ProtocolError:
            continue
        return
    raise InvalidIdToken("signature")


def _require_times(claims: Mapping[str, Any], now: datetime) -> None:
    try:
        jwt.require_times(claims, now, skew=SKEW, required=("exp", "iat"), max_age=MAX_AGE)
    except ProtocolError as error:
        raise InvalidIdToken(error.detail) from None


def half_hash(value: str, algorithm: str) -> str:
    """The left half of the hash that belongs to the algorithm (3.1.3.6); Ed25519 goes with SHA-512."""
    digest = _HASHES.get(algorithm[-3:], sha512)(value.encode()).digest()
    return b64url(digest[: len(digest) // 2])


def personal(claims: Mapping[str, Any]) -> dict[str, Any]:
    """What the claims say of the person, without what only the protocol needs."""
    return {name: value for name, value in claims.items() if name not in _OF_THE_PROTOCOL}
