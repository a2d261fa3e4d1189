"""JWEs that nobody asked for: other algorithms, other headers, a bit turned (RFC 7516, RFC 7518)."""

import secrets
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from conformance.jose import (
    CONTENT_KEY_BITS,
    Jwk,
    Unreadable,
    b64u,
    compact_json,
    concat_kdf,
    jwe_header,
    jwk_of,
    public_key,
    unb64u,
)


def sealed(header: Mapping[str, Any], encrypted_key: bytes, key: bytes, plaintext: bytes) -> str:
    """A compact JWE by AES-GCM under a content key that is given."""
    protected, iv = b64u(compact_json({"enc": "A128GCM", **header})), secrets.token_bytes(12)
    found = AESGCM(key).encrypt(iv, plaintext, protected.encode())
    return f"{protected}.{b64u(encrypted_key)}.{b64u(iv)}.{b64u(found[:-16])}.{b64u(found[-16:])}"


def wrapped(jwk: Jwk, encoding: str, plaintext: bytes) -> str:
    """ECDH-ES+A128KW (RFC 7518, 4.6): a content key of the wallet's, wrapped by the one agreed on."""
    peer = public_key(jwk)
    if not isinstance(peer, ec.EllipticCurvePublicKey):
        raise Unreadable("ECDH-ES to a key that is not on a NIST curve")
    ephemeral = ec.generate_private_key(peer.curve)
    name = "ECDH-ES+A128KW"
    key = concat_kdf(ephemeral.exchange(ec.ECDH(), peer), name, 128, b"", b"")
    content = secrets.token_bytes(CONTENT_KEY_BITS[encoding] // 8)
    header = {"alg": name, "enc": encoding, "epk": jwk_of(ephemeral.public_key())}
    header |= {"kid": jwk["kid"]} if "kid" in jwk else {}
    return sealed(header, aes_key_wrap(key, content), content, plaintext)


def direct(secret: bytes, plaintext: bytes, header: Mapping[str, Any]) -> str:
    """alg dir, with the beginning of a secret that is none."""
    return sealed({"alg": "dir", **header}, b"", secret[:16].ljust(16, b"\0"), plaintext)


def turned(token: str, part: int) -> str:
    """One bit of a part turned."""
    parts = token.split(".")
    octets = bytearray(unb64u(parts[part]))
    octets[len(octets) // 2] ^= 1
    parts[part] = b64u(bytes(octets))
    return ".".join(parts)


def reheaded(token: str, changes: Mapping[str, Any]) -> str:
    """Another header over the same ciphertext; None takes a member away."""
    members = {**jwe_header(token), **changes}
    header = {name: value for name, value in members.items() if value is not None}
    return ".".join([b64u(compact_json(header)), *token.split(".")[1:]])


def p384() -> Jwk:
    return jwk_of(ec.generate_private_key(ec.SECP384R1()).public_key())
