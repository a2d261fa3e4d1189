"""ECDH-ES (RFC 7518, 4.6): a private JWK read, the shared secret, the key derived from it."""

import hashlib
import struct
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, x25519

from protocols.encoding import parse_b64url
from protocols.errors import Malformed
from protocols.jose import jwk as jwks

_CURVES: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
CURVES = frozenset({"X25519", *_CURVES})


def concat_kdf(z: bytes, algorithm: str, apu: bytes, apv: bytes, bits: int = 256, tag: bytes | None = None) -> bytes:
    """At most 256 bits of key from a shared secret (RFC 7518, 4.6.2); `tag` is cctag of ECDH-1PU (2.3)."""
    info = b"".join(struct.pack(">I", len(part)) + part for part in (algorithm.encode(), apu, apv))
    # The tag goes in with its length; draft 3 had none, and a round trip with oneself does not tell.
    public = struct.pack(">I", bits) + (b"" if tag is None else struct.pack(">I", len(tag)) + tag)
    return hashlib.sha256(b"\0\0\0\1" + z + info + public).digest()[: bits // 8]


def agree(private_jwk: Mapping[str, Any], peer: Mapping[str, Any]) -> bytes:
    """The shared secret of our private key with a peer's public one. Raises Malformed for another curve or a useless
    point."""
    theirs, ours = jwks.to_public_key(peer), (private_jwk.get("kty"), private_jwk.get("crv"))
    if ours != (peer["kty"], peer["crv"]) or ours[1] not in CURVES:
        raise Malformed("key on another curve")
    secret = parse_b64url(private_jwk["d"])
    try:
        if isinstance(theirs, x25519.X25519PublicKey):
            return x25519.X25519PrivateKey.from_private_bytes(secret).exchange(theirs)
        if isinstance(theirs, ec.EllipticCurvePublicKey):
            key = ec.derive_private_key(int.from_bytes(secret), _CURVES[peer["crv"]])
            return key.exchange(ec.ECDH(), theirs)
    except ValueError:
        raise Malformed("key") from None
    raise Malformed("key of another kind")
