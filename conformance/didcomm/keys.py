"""Keys of the suite's agents, and those of others as JWK or Multikey: one kind agrees, one signs."""

from collections.abc import Mapping
from typing import Any

import base58
from aries_askar import Key as AskarKey
from aries_askar import KeyAlg
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from conformance.jose import Jwk, Unreadable, b64u, unb64u

CURVES: Mapping[str, ec.EllipticCurve] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}
_CODES = {
    "Ed25519": b"\xed\x01",
    "X25519": b"\xec\x01",
    "secp256k1": b"\xe7\x01",
    "P-256": b"\x80\x24",
    "P-384": b"\x81\x24",
    "P-521": b"\x82\x24",
}
_SIGNING = {"EdDSA": "Ed25519", "ES256": "P-256", "ES256K": "secp256k1"}


def multikey(jwk: Mapping[str, Any]) -> str:
    """A public JWK as Multikey (base58btc)."""
    crv = str(jwk["crv"])
    raw = unb64u(jwk["x"])
    if "y" in jwk:
        point = ec.EllipticCurvePublicNumbers(
            int.from_bytes(raw), int.from_bytes(unb64u(jwk["y"])), CURVES[crv]
        ).public_key()
        raw = point.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    return "z" + base58.b58encode(_CODES[crv] + raw).decode()


def jwk_of_multikey(text: str) -> Jwk:
    """The public JWK that a Multikey spells."""
    try:
        octets = base58.b58decode(text[1:]) if text[:1] == "z" else b""
        crv = next(name for name, code in _CODES.items() if octets.startswith(code))
        raw = octets[2:]
        if crv in CURVES:
            return _ec_jwk(crv, ec.EllipticCurvePublicKey.from_encoded_point(CURVES[crv], raw))
    except (ValueError, StopIteration) as error:
        raise Unreadable(f"{text[:12]}... is no Multikey that is known here") from error
    return {"kty": "OKP", "crv": crv, "x": b64u(raw)}


def _ec_jwk(crv: str, key: ec.EllipticCurvePublicKey) -> Jwk:
    numbers, size = key.public_numbers(), (key.key_size + 7) // 8
    return {"kty": "EC", "crv": crv, "x": b64u(numbers.x.to_bytes(size)), "y": b64u(numbers.y.to_bytes(size))}


def agreeing(jwk: Mapping[str, Any]) -> Jwk:
    """The X25519 key that an Ed25519 key is in another coordinate; other keys as they are."""
    if jwk.get("crv") != "Ed25519":
        return dict(jwk)
    return {"kty": "OKP", "crv": "X25519", "x": b64u(askar_public(jwk).get_public_bytes())}


def askar_public(jwk: Mapping[str, Any]) -> AskarKey:
    """An Ed25519 public key as X25519 in Askar, for the boxes of version 1."""
    return AskarKey.from_public_bytes(KeyAlg.ED25519, unb64u(jwk["x"])).convert_key(KeyAlg.X25519)


class AgreementKey:
    """A new key pair that agrees, on any of DIDComm's curves."""

    def __init__(self, crv: str = "X25519") -> None:
        self.crv = crv
        self._private: x25519.X25519PrivateKey | ec.EllipticCurvePrivateKey = (
            x25519.X25519PrivateKey.generate() if crv == "X25519" else ec.generate_private_key(CURVES[crv])
        )

    @property
    def jwk(self) -> Jwk:
        public = self._private.public_key()
        if isinstance(public, x25519.X25519PublicKey):
            return {"kty": "OKP", "crv": "X25519", "x": b64u(public.public_bytes_raw())}
        return _ec_jwk(self.crv, public)

    def agree(self, peer: Mapping[str, Any]) -> bytes:
        """ECDH with somebody's public key."""
        try:
            if isinstance(self._private, x25519.X25519PrivateKey):
                return self._private.exchange(x25519.X25519PublicKey.from_public_bytes(unb64u(peer["x"])))
            x, y = (int.from_bytes(unb64u(peer[name])) for name in ("x", "y"))
            theirs = ec.EllipticCurvePublicNumbers(x, y, CURVES[peer["crv"]]).public_key()
            return self._private.exchange(ec.ECDH(), theirs)
        except (ValueError, KeyError, TypeError) as error:
            raise Unreadable(f"no key of curve {self.crv}: {error}") from error


class SigningKey:
    """A new key pair that signs, by one of EdDSA, ES256, ES256K."""

    def __init__(self, alg: str = "EdDSA") -> None:
        self.alg = alg
        self._private: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey = (
            ed25519.Ed25519PrivateKey.generate() if alg == "EdDSA" else ec.generate_private_key(CURVES[_SIGNING[alg]])
        )

    @property
    def jwk(self) -> Jwk:
        public = self._private.public_key()
        if isinstance(public, ed25519.Ed25519PublicKey):
            return {"kty": "OKP", "crv": "Ed25519", "x": b64u(public.public_bytes_raw())}
        return _ec_jwk(_SIGNING[self.alg], public)

    @property
    def verkey(self) -> str:
        """How version 1 calls an Ed25519 key."""
        return base58.b58encode(unb64u(self.jwk["x"])).decode()

    def sign(self, message: bytes) -> bytes:
        if isinstance(self._private, ed25519.Ed25519PrivateKey):
            return self._private.sign(message)
        r, s = decode_dss_signature(self._private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    def boxing(self) -> AskarKey:
        """The same Ed25519 key as X25519 in Askar, for the boxes of version 1."""
        assert isinstance(self._private, ed25519.Ed25519PrivateKey)
        return AskarKey.from_secret_bytes(KeyAlg.ED25519, self._private.private_bytes_raw()).convert_key(KeyAlg.X25519)


def verify(jwk: Mapping[str, Any], message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 key signed this."""
    return bool(AskarKey.from_public_bytes(KeyAlg.ED25519, unb64u(jwk["x"])).verify_signature(message, signature))
