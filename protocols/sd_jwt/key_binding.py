"""The KB-JWT: the holder's key speaks for this presentation, to this verifier, now (RFC 9901, 4.3 and 7.3)."""

from collections.abc import Container, Mapping
from datetime import datetime
from typing import Any

from protocols.errors import ProtocolError
from protocols.jose import jws, jwt
from protocols.jose.jwk import Jwk
from protocols.jose.jwt import OpenedJwt
from protocols.sd_jwt.values import InvalidKeyBinding, SdJwt, digest

KB_TYPE = "kb+jwt"


def prepare_key_binding(
    presented: str,
    algorithm: str,
    audience: str,
    nonce: str,
    now: datetime,
    hash_algorithm: str = "sha-256",
    extra: Mapping[str, Any] | None = None,
) -> bytes:
    """The signing input of a KB-JWT over an SD-JWT's text up to its last tilde (4.3).

    `hash_algorithm` is the SD-JWT's own (4.3.1), `extra` what a profile adds to the claims.
    """
    payload = {
        **(extra or {}),
        "iat": int(now.timestamp()),
        "aud": audience,
        "nonce": nonce,
        "sd_hash": digest(hash_algorithm, presented),
    }
    return jwt.render({"alg": algorithm, "typ": KB_TYPE}, payload)


def verify_key_binding(
    sd_jwt: SdJwt,
    holder: Jwk,
    audience: str,
    nonce: str,
    now: datetime,
    max_age: int,
    skew: int,
    algorithms: Container[str],
) -> OpenedJwt:
    """The KB-JWT, believed (7.3). Raises InvalidKeyBinding."""
    if sd_jwt.key_binding is None:
        raise InvalidKeyBinding("no KB-JWT")
    try:
        opened = jwt.open_jwt(sd_jwt.key_binding, KB_TYPE)
        jwt.require_times(opened.claims, now, skew=skew, max_age=max_age, required=("iat",))
        _require_session(sd_jwt, opened.claims, audience, nonce)
        jws.verify(opened.jws, holder, algorithms)
    except ProtocolError as error:
        raise InvalidKeyBinding(error.detail or type(error).__name__) from None
    return opened


def _require_session(sd_jwt: SdJwt, claims: Mapping[str, Any], audience: str, nonce: str) -> None:
    if claims.get("aud") != audience:
        raise InvalidKeyBinding("aud")
    if claims.get("nonce") != nonce:
        raise InvalidKeyBinding("nonce")
    if claims.get("sd_hash") != digest(sd_jwt.hash_algorithm, sd_jwt.presented):
        raise InvalidKeyBinding("sd_hash")
