"""The KB-JWT: the holder's key speaks for this presentation, to this verifier, now (RFC 9901, 4.3 and 7.3)."""

from collections.abc import Container, Mapping
from datetime import datetime
from typing import Any

from protocols.checks import Checks
from protocols.errors import ProtocolError
from protocols.jose import jws, jwt
from protocols.jose.jwk import Jwk
from protocols.jose.jwt import OpenedJwt
from protocols.sd_jwt.values import InvalidKeyBinding, SdJwt, digest

KB_TYPE = "kb+jwt"
BINDING_CHECKS = ("kb_form", "kb_time", "audience", "nonce", "sd_hash", "kb_signature")
"""The lines of `verify_key_binding`, in its order."""


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
    checks: Checks | None = None,
) -> OpenedJwt:
    """The KB-JWT, believed (7.3), each step a line of `checks`. Raises InvalidKeyBinding."""
    checks = checks or Checks()
    checks.begin("kb_form", KB_TYPE)
    if sd_jwt.key_binding is None:
        raise InvalidKeyBinding("no KB-JWT")
    try:
        opened = jwt.open_jwt(sd_jwt.key_binding, KB_TYPE)
        checks.saw(opened.header.get("typ"))
        checks.begin("kb_time", {"now": now, "max_age": max_age, "skew": skew}, opened.claims.get("iat"))
        jwt.require_times(opened.claims, now, skew=skew, max_age=max_age, required=("iat",))
        _require_session(sd_jwt, opened.claims, audience, nonce, checks)
        checks.begin("kb_signature", seen=opened.header.get("alg"))
        jws.verify(opened.jws, holder, algorithms)
    except ProtocolError as error:
        raise InvalidKeyBinding(error.detail or type(error).__name__) from None
    return opened


def _require_session(sd_jwt: SdJwt, claims: Mapping[str, Any], audience: str, nonce: str, checks: Checks) -> None:
    checks.begin("audience", audience, claims.get("aud"))
    if claims.get("aud") != audience:
        raise InvalidKeyBinding("aud")
    checks.begin("nonce", nonce, claims.get("nonce"))
    if claims.get("nonce") != nonce:
        raise InvalidKeyBinding("nonce")
    expected = digest(sd_jwt.hash_algorithm, sd_jwt.presented)
    checks.begin("sd_hash", expected, claims.get("sd_hash"))
    if claims.get("sd_hash") != expected:
        raise InvalidKeyBinding("sd_hash")
