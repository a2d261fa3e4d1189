"""Keys that sign as a key store would: raw signatures, private part kept to itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from protocols.jose import jwk

CURVES = {
    "ES256": (ec.SECP256R1(), hashes.SHA256(), 32),
    "ES384": (ec.SECP384R1(), hashes.SHA384(), 48),
    "ES512": (ec.SECP521R1(), hashes.SHA512(), 66),
    "ES256K": (ec.SECP256K1(), hashes.SHA256(), 32),
}


@dataclass(frozen=True)
class SigningKey:
    algorithm: str
    private: Any

    @property
    def jwk(self) -> dict[str, Any]:
        return jwk.from_public_key(self.private.public_key())

    def sign(self, message: bytes) -> bytes:
        if self.algorithm == "EdDSA":
            return bytes(self.private.sign(message))
        _, digest, size = CURVES[self.algorithm]
        r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(digest)))
        return r.to_bytes(size) + s.to_bytes(size)


@pytest.fixture(scope="session")
def new_key() -> Callable[..., SigningKey]:
    def make(algorithm: str = "ES256") -> SigningKey:
        if algorithm == "EdDSA":
            return SigningKey(algorithm, ed25519.Ed25519PrivateKey.generate())
        return SigningKey(algorithm, ec.generate_private_key(CURVES[algorithm][0]))

    return make
