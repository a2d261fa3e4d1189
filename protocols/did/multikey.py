"""Multikey: public keys in multibase with a multicodec prefix (Controlled Identifiers 1.0, 2.2.2; did:key, 3.1.4)."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import base58
import py_arkworks_bls12381
import rfc8785
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from protocols.encoding import b64url, parse_b64url, parse_json_object
from protocols.errors import Malformed
from protocols.jose import jwk as jwks

# The longest raw key here is of BLS12-381 G2, 98 octets with its prefix; a JWK of RSA with 4096 bits is longer.
_MAX = 140
_MAX_JWK = 1100
_JWK_JCS = b"\xd1\xd6\x03"
_BLS_G2 = b"\xeb\x01"
BLS_G2 = "Bls12381G2"
_PREFIXES = {
    "Ed25519": b"\xed\x01",
    "X25519": b"\xec\x01",
    "secp256k1": b"\xe7\x01",
    "P-256": b"\x80\x24",
    "P-384": b"\x81\x24",
    "P-521": b"\x82\x24",
}
_CURVE_OF = {prefix: crv for crv, prefix in _PREFIXES.items()}
_EC: dict[str, ec.EllipticCurve] = {
    "secp256k1": ec.SECP256K1(),
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}
# Curve25519 (RFC 7748, 4.1): the field's prime and the constant d of its Edwards form.
_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P


def decode(text: str) -> dict[str, Any]:
    """The public JWK. Raises Malformed for another base, an unknown codec, a wrong length or a point off the curve."""
    return dict(_decode(text))


@lru_cache(maxsize=4096)
def _decode(text: str) -> Mapping[str, Any]:
    octets = _octets(text)
    if octets.startswith(_JWK_JCS):
        return _canonical_jwk(octets[len(_JWK_JCS) :])
    crv = _CURVE_OF.get(octets[:2])
    if crv is None or len(text) > _MAX:
        raise Malformed("multicodec of no public key that we know")
    return _jwk(crv, octets[2:])


def kind(text: str) -> str:
    """What key a Multikey is: a curve, "jwk" for jwk_jcs-pub, or Bls12381G2, which we do not turn into a JWK.

    Raises Malformed as `decode` does.
    """
    octets = _octets(text)
    if octets.startswith(_BLS_G2):
        _require_g2(octets[2:])
        return BLS_G2
    jwk = _decode(text)
    return "jwk" if octets.startswith(_JWK_JCS) else str(jwk["crv"])


def _octets(text: str) -> bytes:
    if not text.startswith("z"):
        raise Malformed("multibase is not base58btc")
    return _base58(text[1:], _MAX_JWK)


def _canonical_jwk(octets: bytes) -> dict[str, Any]:
    """jwk_jcs-pub: the required members in canonical form, so that one key has one spelling (RFC 7638; RFC 8785)."""
    stated = parse_json_object(octets)
    jwk = jwks.public(stated)
    if jwk != stated or rfc8785.dumps(jwk) != octets:
        raise Malformed("JWK is not canonical")
    return jwk


@lru_cache(maxsize=1024)
def _require_g2(octets: bytes) -> None:
    """A compressed point of the group G2, not the one at infinity (pairing-friendly curves draft-11, appendix C)."""
    if len(octets) != 96 or octets[0] & 0xC0 != 0x80:
        raise Malformed("not a compressed point")
    try:
        py_arkworks_bls12381.G2Point.from_compressed_bytes(octets)
    except ValueError:
        raise Malformed("point is not of the group") from None


def _base58(text: str, longest: int = _MAX) -> bytes:
    # Decoding costs the square of the length.
    if not 0 < len(text) <= longest:
        raise Malformed("base58 of no key's length")
    try:
        return base58.b58decode(text)
    except ValueError:
        raise Malformed("not base58btc") from None


def _jwk(crv: str, octets: bytes) -> dict[str, Any]:
    if crv in _EC:
        curve = _EC[crv]
        # Compressed only: the uncompressed form of a point is another spelling of the same key.
        if len(octets) != 1 + (curve.key_size + 7) // 8 or octets[0] not in (2, 3):
            raise Malformed("not a compressed point")
        try:
            return jwks.from_public_key(ec.EllipticCurvePublicKey.from_encoded_point(curve, octets))
        except ValueError:
            raise Malformed("point is not on the curve") from None
    if len(octets) != 32:
        raise Malformed("key of wrong length")
    if crv == "Ed25519":
        _edwards_y(octets)
    return {"kty": "OKP", "crv": crv, "x": b64url(octets)}


def from_base58(text: str, crv: str) -> dict[str, Any]:
    """A raw Ed25519 or X25519 key without prefix, as suites of 2018 and 2019 have it. Raises Malformed."""
    return _jwk(crv, _base58(text))


def encode(jwk: jwks.Jwk) -> str:
    """The Multikey of a public JWK. Raises Malformed for a kind that has none here."""
    key = jwks.to_public_key(jwk)
    crv = str(jwk.get("crv"))
    if crv not in _PREFIXES:
        raise Malformed("no Multikey for this kind of key")
    if isinstance(key, ec.EllipticCurvePublicKey):
        octets = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    else:
        octets = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return "z" + base58.b58encode(_PREFIXES[crv] + octets).decode("ascii")


def encode_jwk(jwk: jwks.Jwk) -> str:
    """The jwk_jcs-pub form of a public JWK. Raises Malformed."""
    return "z" + base58.b58encode(_JWK_JCS + rfc8785.dumps(jwks.public(jwk))).decode("ascii")


def _edwards_y(octets: bytes) -> int:
    """y of a point that is on the curve, not of small order by y = 1 or -1 (RFC 8032, 5.1.3). Raises Malformed."""
    y = int.from_bytes(octets, "little") & ((1 << 255) - 1)
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    if y >= _P or square == 0 or pow(square, (_P - 1) // 2, _P) != 1:
        raise Malformed("point is not on the curve")
    return y


def x25519_of(jwk: jwks.Jwk) -> dict[str, Any]:
    """The X25519 key of the same point as an Ed25519 key: u = (1 + y) / (1 - y) (RFC 7748, 4.1)."""
    if jwk.get("crv") != "Ed25519":
        raise Malformed("not an Ed25519 key")
    jwks.to_public_key(jwk)
    y = _edwards_y(parse_b64url(jwk["x"]))
    u = (1 + y) * pow(1 - y, -1, _P) % _P
    return {"kty": "OKP", "crv": "X25519", "x": b64url(u.to_bytes(32, "little"))}
