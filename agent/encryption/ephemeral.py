"""Keys that live no longer than one transaction: made here, kept sealed in the transaction's row, gone with it."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from protocols.encoding import b64url
from protocols.jose.jwk import from_public_key


def new_agreement_key() -> dict[str, Any]:
    """A fresh P-256 key for ECDH-ES as a private JWK."""
    key = ec.generate_private_key(ec.SECP256R1())
    secret = key.private_numbers().private_value.to_bytes(32, "big")
    return {**from_public_key(key.public_key()), "d": b64url(secret)}
