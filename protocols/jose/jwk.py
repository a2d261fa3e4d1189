"""Public JSON Web Keys (RFC 7517; RFC 7518, 6; RFC 8037): read strictly, kept parsed, verified with OpenSSL."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from protocols.encoding import b64url, parse_b64url
from protocols.errors import Malformed

Jwk = Mapping[str, Any]
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | x25519.X25519PublicKey | rsa.RSAPublicKey


@dataclass(frozen=True, slots=True)
class _Curve:
    name: str
    algorithm: str
    curve: ec.EllipticCurve
    octets: int
    ecdsa: ec.ECDSA
    algorithms: frozenset[str]


def _curve(name: str, algorithm: str, curve: ec.EllipticCurve, digest: hashes.HashAlgorithm) -> _Curve:
    return _Curve(name, algorithm, curve, (curve.key_size + 7) // 8, ec.ECDSA(digest), frozenset({algorithm}))


_CURVES = {
    "P-256": _curve("P-256", "ES256", ec.SECP256R1(), hashes.SHA256()),
    "P-384": _curve("P-384", "ES384", ec.SECP384R1(), hashes.SHA384()),
    "P-521": _curve("P-521", "ES512", ec.SECP521R1(), hashes.SHA512()),
    "secp256k1": _curve("secp256k1", "ES256K", ec.SECP256K1(), hashes.SHA256()),
}
_CURVE_OF = {curve.curve.name: curve for curve in _CURVES.values()}
_OKP: dict[str, Callable[[bytes], PublicKey]] = {
    "Ed25519": ed25519.Ed25519PublicKey.from_public_bytes,
    "X25519": x25519.X25519PublicKey.from_public_bytes,
}
_RSA = {
    "RS256": (padding.PKCS1v15(), hashes.SHA256()),
    "RS384": (padding.PKCS1v15(), hashes.SHA384()),
    "RS512": (padding.PKCS1v15(), hashes.SHA512()),
    "PS256": (padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()),
    "PS384": (padding.PSS(padding.MGF1(hashes.SHA384()), 48), hashes.SHA384()),
    "PS512": (padding.PSS(padding.MGF1(hashes.SHA512()), 64), hashes.SHA512()),
}
_RSA_ALGORITHMS = frozenset(_RSA)
_ED25519 = frozenset({"EdDSA", "Ed25519"})
# In the order of RFC 7638, 3.2, so that one tuple serves the cache and the thumbprint.
_REQUIRED = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
_SECRET = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

ALGORITHMS = frozenset({"ES256", "ES384", "ES512", "ES256K", *_ED25519, *_RSA})


def _members(jwk: Jwk) -> tuple[str, ...]:
    kty = jwk.get("kty")
    names = _REQUIRED.get(kty) if isinstance(kty, str) else None
    if names is None:
        raise Malformed("JWK of unknown kty")
    if not _SECRET.isdisjoint(jwk):
        raise Malformed("JWK with private members")
    members: tuple[Any, ...] = tuple([jwk.get(name) for name in names])
    for member in members:
        if not isinstance(member, str) or len(member) > 1400:
            raise Malformed("JWK lacks a required member")
    return members


@lru_cache(maxsize=4096)
def _load(members: tuple[str, ...]) -> PublicKey:
    try:
        if members[1] == "EC":
            return _load_ec(*members)
        if members[1] == "OKP":
            return _load_okp(*members)
        return _load_rsa(*members)
    except (ValueError, UnsupportedAlgorithm):
        raise Malformed("JWK is no valid key") from None


def _load_ec(crv: str, _kty: str, x: str, y: str) -> PublicKey:
    curve = _CURVES.get(crv)
    if curve is None:
        raise Malformed("JWK on an unknown curve")
    x_octets, y_octets = parse_b64url(x), parse_b64url(y)
    if len(x_octets) != curve.octets or len(y_octets) != curve.octets:
        raise Malformed("JWK coordinate of wrong length")
    return ec.EllipticCurvePublicKey.from_encoded_point(curve.curve, b"\x04" + x_octets + y_octets)


def _load_okp(crv: str, _kty: str, x: str) -> PublicKey:
    load = _OKP.get(crv)
    if load is None:
        raise Malformed("JWK on an unknown curve")
    return load(parse_b64url(x))


def _load_rsa(e: str, _kty: str, n: str) -> PublicKey:
    e_octets, n_octets = parse_b64url(e), parse_b64url(n)
    if not e_octets or not n_octets or e_octets[0] == 0 or n_octets[0] == 0 or len(e_octets) > 4:
        raise Malformed("RSA JWK with an odd number")
    modulus = int.from_bytes(n_octets)
    if not 2048 <= modulus.bit_length() <= 8192:
        raise Malformed("RSA JWK of unacceptable size")
    return rsa.RSAPublicNumbers(int.from_bytes(e_octets), modulus).public_key()


def public(jwk: Jwk) -> dict[str, Any]:
    """The required members alone (RFC 7638, 3.2). Refuses private members and points off the curve: Malformed."""
    members = _members(jwk)
    _load(members)
    return dict(zip(_REQUIRED[members[1]], members, strict=True))


def is_private(jwk: Jwk) -> bool:
    """Whether it shows private members, or is a shared secret."""
    return not _SECRET.isdisjoint(jwk)


def thumbprint(jwk: Jwk) -> bytes:
    """The raw SHA-256 thumbprint (RFC 7638)."""
    return _thumbprint(_members(jwk))


@lru_cache(maxsize=4096)
def _thumbprint(members: tuple[str, ...]) -> bytes:
    _load(members)
    # Base64url and the names of curves need no escaping in JSON.
    pairs = zip(_REQUIRED[members[1]], members, strict=True)
    return hashlib.sha256(("{" + ",".join(f'"{n}":"{v}"' for n, v in pairs) + "}").encode()).digest()


def to_public_key(jwk: Jwk) -> PublicKey:
    """The key as `cryptography` holds it, from a bounded cache."""
    return _load(_members(jwk))


def signs_with(jwk: Jwk) -> frozenset[str]:
    """The JWS algorithms that a key of this type and curve can have signed with; empty for a key agreement key."""
    kty, crv = jwk.get("kty"), jwk.get("crv")
    if kty == "RSA":
        return _RSA_ALGORITHMS
    if kty == "EC" and isinstance(crv, str) and crv in _CURVES:
        return _CURVES[crv].algorithms
    return _ED25519 if kty == "OKP" and crv == "Ed25519" else frozenset()


def algorithm(jwk: Jwk) -> str:
    """The JWS algorithm of the key: what it states, or what its curve says. Raises Malformed for key agreement keys."""
    fitting = signs_with(jwk)
    if not fitting or jwk.get("use", "sig") != "sig":
        raise Malformed("JWK is not for signatures")
    stated = jwk.get("alg")
    if isinstance(stated, str) and stated in fitting:
        return stated
    if stated is not None:
        raise Malformed("JWK states an alg that does not fit")
    if jwk["kty"] == "RSA":
        return "PS256"
    return "EdDSA" if jwk["kty"] == "OKP" else _CURVES[jwk["crv"]].algorithm


def verify_signature(jwk: Jwk, algorithm: str, message: bytes, signature: bytes) -> bool:
    """Whether the raw JWS signature (RFC 7518, 3.4; RFC 8037, 3.1) is the key's; False when the alg does not fit."""
    key = to_public_key(jwk)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            return _verify_ecdsa(key, _CURVES[jwk["crv"]], algorithm, message, signature)
        if isinstance(key, ed25519.Ed25519PublicKey) and algorithm in _ED25519:
            key.verify(signature, message)
            return True
        if isinstance(key, rsa.RSAPublicKey) and algorithm in _RSA:
            key.verify(signature, message, *_RSA[algorithm])
            return True
    except InvalidSignature:
        return False
    return False


def _verify_ecdsa(
    key: ec.EllipticCurvePublicKey, curve: _Curve, algorithm: str, message: bytes, signature: bytes
) -> bool:
    size = curve.octets
    if algorithm != curve.algorithm or len(signature) != 2 * size:
        return False
    der = encode_dss_signature(int.from_bytes(signature[:size]), int.from_bytes(signature[size:]))
    key.verify(der, message, curve.ecdsa)
    return True


def from_public_key(key: Any) -> dict[str, Any]:
    """The public JWK of a `cryptography` public key. Raises Malformed for a kind we have no use for."""
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVE_OF:
        curve, point = _CURVE_OF[key.curve.name], key.public_numbers()
        x, y = (b64url(number.to_bytes(curve.octets)) for number in (point.x, point.y))
        return {"kty": "EC", "crv": curve.name, "x": x, "y": y}
    if isinstance(key, ed25519.Ed25519PublicKey | x25519.X25519PublicKey):
        raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        crv = "Ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "X25519"
        return {"kty": "OKP", "crv": crv, "x": b64url(raw)}
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
        numbers = key.public_numbers()
        return {"kty": "RSA", "n": _b64url_uint(numbers.n), "e": _b64url_uint(numbers.e)}
    raise Malformed("public key of an unacceptable kind")


def _b64url_uint(number: int) -> str:
    return b64url(number.to_bytes((number.bit_length() + 7) // 8))


@lru_cache(maxsize=1024)
def _from_certificate(der: bytes) -> dict[str, Any]:
    try:
        return from_public_key(x509.load_der_x509_certificate(der).public_key())
    except (ValueError, UnsupportedAlgorithm):
        raise Malformed("not a certificate with a public key") from None


def from_certificate(der: bytes) -> dict[str, Any]:
    """The public JWK of a certificate's subject. Says nothing about trust."""
    return dict(_from_certificate(der))
