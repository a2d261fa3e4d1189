"""COSE_Key (RFC 9052, 7; RFC 9053, 7) and the public JWK that it is."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from protocols.encoding import b64url, parse_b64url
from protocols.errors import Malformed
from protocols.jose import jwk as jwks

_KTY, _CRV, _X, _Y, _D = 1, -1, -2, -3, -4
_OKP, _EC2 = 1, 2
_CURVES = {1: "P-256", 2: "P-384", 3: "P-521", 8: "secp256k1"}
_OKP_CURVES = {4: "X25519", 6: "Ed25519"}
_COMPRESSED = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1(), "secp256k1": ec.SECP256K1()}


def to_jwk(key: Any) -> dict[str, Any]:
    """The public JWK of a decoded COSE_Key. Raises Malformed, also for a private key or a point off its curve."""
    if not isinstance(key, dict) or _D in key:
        raise Malformed("COSE_Key is no public key")
    kty, crv, x = (key.get(label) for label in (_KTY, _CRV, _X))
    if type(kty) is not int or type(crv) is not int or not isinstance(x, bytes):
        raise Malformed("COSE_Key lacks a parameter")
    if kty == _OKP and crv in _OKP_CURVES:
        return jwks.public({"kty": "OKP", "crv": _OKP_CURVES[crv], "x": b64url(x)})
    if kty == _EC2 and crv in _CURVES:
        return _ec2(_CURVES[crv], x, key.get(_Y))
    raise Malformed("COSE_Key of an unknown kind")


@lru_cache(maxsize=4096)
def _point(crv: str, x: bytes, y: bytes) -> dict[str, Any]:
    return jwks.public({"kty": "EC", "crv": crv, "x": b64url(x), "y": b64url(y)})


def _ec2(crv: str, x: bytes, y: Any) -> dict[str, Any]:
    if isinstance(y, bool):  # RFC 9053, 7.1.1: the sign of a compressed point
        try:
            point = ec.EllipticCurvePublicKey.from_encoded_point(_COMPRESSED[crv], bytes([2 + y]) + x)
        except ValueError:
            raise Malformed("COSE_Key is no point of its curve") from None
        return jwks.from_public_key(point)
    if not isinstance(y, bytes):
        raise Malformed("COSE_Key lacks a parameter")
    return dict(_point(crv, x, y))


def from_jwk(jwk: Mapping[str, Any]) -> dict[int, Any]:
    """The COSE_Key of a public JWK, as an item for `encode`. Raises Malformed."""
    key = jwks.public(jwk)
    for kty, curves in ((_EC2, _CURVES), (_OKP, _OKP_CURVES)):
        for number, crv in curves.items():
            if key.get("crv") == crv:
                coordinates = {label: parse_b64url(key[name]) for label, name in ((_X, "x"), (_Y, "y")) if name in key}
                return {_KTY: kty, _CRV: number, **coordinates}
    raise Malformed("JWK has no COSE_Key")
