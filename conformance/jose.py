"""The suite's own JOSE (RFC 7515, 7516, 7517, 7518, 7638), on `cryptography` alone.

It signs whatever a misbehaving wallet wants signed, and believes nothing that it reads.
"""

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

Jwk = dict[str, Any]
CURVES: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
ES: dict[str, tuple[str, hashes.HashAlgorithm]] = {
    "ES256": ("P-256", hashes.SHA256()),
    "ES384": ("P-384", hashes.SHA384()),
    "ES512": ("P-521", hashes.SHA512()),
}
RSA_ALGORITHMS: dict[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
SIGNATURE_ALGORITHMS = frozenset(ES) | {
    "EdDSA",
    "Ed25519",
    "PS256",
    "PS384",
    "PS512",
    "RS256",
    "RS384",
    "RS512",
    "ES256K",
}
CONTENT_KEY_BITS = {"A128GCM": 128, "A192GCM": 192, "A256GCM": 256}
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
THUMBPRINT_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}


class Unreadable(ValueError):
    """What the peer sent is not what its place in the protocol demands; the message says how."""


def b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text: str) -> bytes:
    """Base64url without padding, nothing else (RFC 7515, section 2)."""
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable(f"not base64url: {error}") from error
    if b64u(decoded) != text:
        raise Unreadable("not base64url in its one canonical spelling")
    return decoded


def compact_json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unreadable("a JSON object with the same member twice")
    return members


def read_json(data: bytes | str) -> Any:
    try:
        return json.loads(data, object_pairs_hook=_members)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {error}") from error


def read_object(data: bytes | str, what: str = "document") -> dict[str, Any]:
    value = read_json(data)
    if not isinstance(value, dict):
        raise Unreadable(f"{what}: a JSON {type(value).__name__}, not an object")
    return value


# Keys


def thumbprint(jwk: Mapping[str, Any]) -> bytes:
    """RFC 7638: SHA-256 over the required members."""
    try:
        members = {name: jwk[name] for name in THUMBPRINT_MEMBERS[jwk["kty"]]}
    except KeyError as error:
        raise Unreadable(f"JWK without {error}") from error
    return hashlib.sha256(compact_json(members)).digest()


def _whole(jwk: Mapping[str, Any], name: str) -> int:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise Unreadable(f"JWK without {name}")
    return int.from_bytes(unb64u(value), "big")


def public_key(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey:
    kind, curve = jwk.get("kty"), jwk.get("crv")
    try:
        if kind == "EC" and curve in CURVES:
            return ec.EllipticCurvePublicNumbers(_whole(jwk, "x"), _whole(jwk, "y"), CURVES[curve]).public_key()
        if kind == "OKP" and curve == "Ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(unb64u(jwk["x"]))
        if kind == "RSA":
            return rsa.RSAPublicNumbers(_whole(jwk, "e"), _whole(jwk, "n")).public_key()
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"JWK is no key: {error}") from error
    raise Unreadable(f"JWK of kty {kind!r}, crv {curve!r} is not known here")


def jwk_of(key: object) -> Jwk:
    """The public JWK of a `cryptography` public key."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        name = next((name for name, curve in CURVES.items() if curve.name == key.curve.name), None)
        if name is None:
            raise Unreadable(f"curve {key.curve.name} is not known here")
        size, numbers = (key.key_size + 7) // 8, key.public_numbers()
        return {"kty": "EC", "crv": name, "x": b64u(numbers.x.to_bytes(size)), "y": b64u(numbers.y.to_bytes(size))}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": b64u(key.public_bytes_raw())}
    if isinstance(key, rsa.RSAPublicKey):
        public = key.public_numbers()
        return {"kty": "RSA", "n": b64u(_bytes(public.n)), "e": b64u(_bytes(public.e))}
    raise Unreadable(f"a {type(key).__name__} has no JWK here")


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8)


class Key:
    """A P-256 key pair of the wallet (or of a forger)."""

    def __init__(self, private: ec.EllipticCurvePrivateKey | None = None) -> None:
        self.private = private or ec.generate_private_key(ec.SECP256R1())
        self.jwk = jwk_of(self.private.public_key())

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any]) -> "Key":
        return cls(ec.derive_private_key(_whole(jwk, "d"), CURVES[jwk["crv"]]))

    @property
    def private_jwk(self) -> Jwk:
        return {**self.jwk, "d": b64u(self.private.private_numbers().private_value.to_bytes(32))}

    @property
    def did_jwk(self) -> str:
        return "did:jwk:" + b64u(compact_json(self.jwk))

    def sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    def jws(self, header: Mapping[str, Any], payload: Any) -> str:
        """A compact JWS, ES256 unless the header says otherwise; what the header says is not corrected."""
        return seal({"alg": "ES256", **header}, payload, self.sign)


def seal(header: Mapping[str, Any], payload: Any, sign: Callable[[bytes], bytes]) -> str:
    body = payload if isinstance(payload, bytes) else compact_json(payload)
    signing_input = f"{b64u(compact_json(header))}.{b64u(body)}"
    return f"{signing_input}.{b64u(sign(signing_input.encode()))}"


# JWS


@dataclass(frozen=True, slots=True)
class Jws:
    """A compact JWS taken apart; nothing in it is believed."""

    header: dict[str, Any]
    payload: bytes
    signing_input: bytes
    signature: bytes

    def claims(self) -> dict[str, Any]:
        return read_object(self.payload, "JWT claims")

    def require_signature(self, jwk: Mapping[str, Any]) -> None:
        if not verifies(jwk, self.header.get("alg"), self.signing_input, self.signature):
            raise Unreadable(f"the signature ({self.header.get('alg')}) does not verify")


def open_jws(token: str) -> Jws:
    parts = token.split(".")
    if len(parts) != 3:
        raise Unreadable(f"not a compact JWS: {len(parts)} parts")
    header = read_object(unb64u(parts[0]), "JOSE header")
    if "crit" in header or header.get("b64") is False:
        raise Unreadable("a critical header parameter that is not known here")
    return Jws(header, unb64u(parts[1]), f"{parts[0]}.{parts[1]}".encode(), unb64u(parts[2]))


def verifies(jwk: Mapping[str, Any], algorithm: object, message: bytes, signature: bytes) -> bool:
    """Whether the signature is the key's, under an asymmetric algorithm that fits the key."""
    key = public_key(jwk)
    try:
        if algorithm in ES and isinstance(key, ec.EllipticCurvePublicKey):
            return _ecdsa(key, str(algorithm), message, signature)
        if algorithm in {"EdDSA", "Ed25519"} and isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
            return True
        if isinstance(key, rsa.RSAPublicKey) and str(algorithm)[2:] in RSA_ALGORITHMS:
            return _rsa(key, str(algorithm), message, signature)
    except InvalidSignature:
        return False
    return False


def _ecdsa(key: ec.EllipticCurvePublicKey, algorithm: str, message: bytes, signature: bytes) -> bool:
    curve, digest = ES[algorithm]
    half = (key.key_size + 7) // 8
    if key.curve.name != CURVES[curve].name or len(signature) != 2 * half:
        return False
    r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
    key.verify(encode_dss_signature(r, s), message, ec.ECDSA(digest))
    return True


def _rsa(key: rsa.RSAPublicKey, algorithm: str, message: bytes, signature: bytes) -> bool:
    digest = RSA_ALGORITHMS[algorithm[2:]]
    if algorithm.startswith("PS"):
        key.verify(signature, message, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        return True
    if algorithm.startswith("RS"):
        key.verify(signature, message, padding.PKCS1v15(), digest)
        return True
    return False


# JWE: ECDH-ES in direct key agreement, AES-GCM (RFC 7518, sections 4.6 and 5.3)


def derive(shared: bytes, encoding: str, apu: bytes, apv: bytes) -> bytes:
    """Concat KDF as RFC 7518, section 4.6.2 has it for direct agreement."""
    return concat_kdf(shared, encoding, CONTENT_KEY_BITS[encoding], apu, apv)


def concat_kdf(shared: bytes, algorithm: str, bits: int, apu: bytes, apv: bytes, public: bytes = b"") -> bytes:
    """A key of so many bits for an algorithm (`enc` in direct agreement, else `alg`); `public` follows the bits."""
    info = b"".join(len(part).to_bytes(4) + part for part in (algorithm.encode(), apu, apv)) + bits.to_bytes(4) + public
    return ConcatKDFHash(hashes.SHA256(), bits // 8, info).derive(shared)


def encrypt(jwk: Mapping[str, Any], encoding: str, plaintext: bytes, header: Mapping[str, Any] | None = None) -> str:
    """A compact JWE to an EC key; `kid` is echoed, `header` may add or replace parameters."""
    peer = public_key(jwk)
    if not isinstance(peer, ec.EllipticCurvePublicKey):
        raise Unreadable("ECDH-ES to a key that is not on a NIST curve")
    ephemeral = ec.generate_private_key(peer.curve)
    full: dict[str, Any] = {"alg": "ECDH-ES", "enc": encoding, "epk": jwk_of(ephemeral.public_key())}
    full |= ({"kid": jwk["kid"]} if "kid" in jwk else {}) | dict(header or {})
    shared = ephemeral.exchange(ec.ECDH(), peer)
    key = derive(shared, encoding, unb64u(full.get("apu", "")), unb64u(full.get("apv", "")))
    protected, iv = b64u(compact_json(full)), secrets.token_bytes(12)
    sealed = AESGCM(key).encrypt(iv, plaintext, protected.encode())
    return f"{protected}..{b64u(iv)}.{b64u(sealed[:-16])}.{b64u(sealed[-16:])}"


def jwe_header(token: str) -> dict[str, Any]:
    if token.count(".") != 4:
        raise Unreadable("not a compact JWE")
    return read_object(unb64u(token.split(".", 1)[0]), "JWE header")


def decrypt(token: str, private: ec.EllipticCurvePrivateKey) -> bytes:
    header = jwe_header(token)
    protected, wrapped, iv, ciphertext, tag = token.split(".")
    if header.get("alg") != "ECDH-ES" or header.get("enc") not in CONTENT_KEY_BITS or wrapped:
        raise Unreadable(f"JWE with alg {header.get('alg')!r}, enc {header.get('enc')!r}")
    peer = public_key(header.get("epk", {}))
    if not isinstance(peer, ec.EllipticCurvePublicKey) or peer.curve.name != private.curve.name:
        raise Unreadable("epk is not on the recipient's curve")
    shared = private.exchange(ec.ECDH(), peer)
    key = derive(shared, header["enc"], unb64u(header.get("apu", "")), unb64u(header.get("apv", "")))
    try:
        return AESGCM(key).decrypt(unb64u(iv), unb64u(ciphertext) + unb64u(tag), protected.encode())
    except (InvalidTag, ValueError) as error:
        raise Unreadable("the JWE does not open with this key") from error
