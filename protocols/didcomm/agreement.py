"""Key agreement of DIDComm envelopes: AES key wrap, ephemeral keys made of given randomness.

ECDH-ES+A256KW (RFC 7518, 4.6) and ECDH-1PU+A256KW (draft-madden-jose-ecdh-1pu-04).  Shared secrets of long-term keys
come from a key store; only the ephemeral key of a message that we send is used here.
"""

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from protocols.didcomm.ciphers import CannotOpen
from protocols.errors import Malformed
from protocols.jose import jwk as jwks

EPHEMERAL_OCTETS = 80
_EC: dict[str, tuple[ec.EllipticCurve, int]] = {
    "P-256": (ec.SECP256R1(), 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551),
    "P-384": (ec.SECP384R1(), int("F" * 48 + "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16)),
    "P-521": (
        ec.SECP521R1(),
        int("1" + "F" * 64 + "FA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409", 16),
    ),
}

EphemeralKey = x25519.X25519PrivateKey | ec.EllipticCurvePrivateKey


def wrap(kek: bytes, cek: bytes) -> bytes:
    """AES key wrap (RFC 3394)."""
    return aes_key_wrap(kek, cek)


def unwrap(kek: bytes, encrypted_key: bytes) -> bytes:
    """The content encryption key. Raises CannotOpen."""
    try:
        return aes_key_unwrap(kek, encrypted_key)
    except (InvalidUnwrap, ValueError):
        raise CannotOpen("key") from None


def ephemeral_key(crv: str, entropy: bytes) -> EphemeralKey:
    """A key for one message of `EPHEMERAL_OCTETS` fresh octets (FIPS 186-5, A.2.1: extra random bits)."""
    if len(entropy) != EPHEMERAL_OCTETS:
        raise ValueError("ephemeral keys need 80 octets")
    if crv == "X25519":
        return x25519.X25519PrivateKey.from_private_bytes(entropy[:32])
    curve, order = _EC[crv]
    return ec.derive_private_key(1 + int.from_bytes(entropy) % (order - 1), curve)


def secret(key: EphemeralKey, peer: Mapping[str, Any]) -> bytes:
    """ECDH of a message's ephemeral key with an addressee's. Raises Malformed for another curve or a useless point."""
    theirs = jwks.to_public_key(peer)
    try:
        if isinstance(key, x25519.X25519PrivateKey) and isinstance(theirs, x25519.X25519PublicKey):
            return key.exchange(theirs)
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(theirs, ec.EllipticCurvePublicKey):
            return key.exchange(ec.ECDH(), theirs)
    except ValueError:
        raise Malformed("addressee's key") from None
    raise Malformed("addressee's key is on another curve")
