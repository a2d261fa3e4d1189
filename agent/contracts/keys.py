"""Keys outside of any store, and certificates for them: what a suite signs with."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from protocols import bbs, x509
from protocols.data_integrity import bbs_sd
from protocols.did import multikey
from protocols.encoding import render_json
from protocols.jose import jws
from protocols.jose.jwk import from_public_key
from protocols.x509 import Authority

NOW = datetime.now(UTC).replace(microsecond=0)
HOST = "issuer.example"
ISSUER = f"https://{HOST}"
_CURVES: dict[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm, int]] = {
    "ES256": (ec.SECP256R1(), hashes.SHA256(), 32),
    "ES384": (ec.SECP384R1(), hashes.SHA384(), 48),
    "ES512": (ec.SECP521R1(), hashes.SHA512(), 66),
    "ES256K": (ec.SECP256K1(), hashes.SHA256(), 32),
}


class Key:
    """A fresh key of a JWS algorithm, or of BBS, that signs as a key store does."""

    def __init__(self, algorithm: str = "ES256") -> None:
        self.algorithm = algorithm
        self.private: Any = None
        self.secret = b""
        if algorithm in _CURVES:
            self.private = ec.generate_private_key(_CURVES[algorithm][0])
        elif algorithm == bbs_sd.ALGORITHM:
            self.secret = bbs.key_gen(os.urandom(32))
        else:
            self.private = ed25519.Ed25519PrivateKey.generate()
        self.jwk: dict[str, Any] = (
            bbs_sd.jwk_of(bbs.public_key(self.secret)) if self.secret else from_public_key(self.private.public_key())
        )

    @property
    def did(self) -> str:
        """The did:key of the key."""
        return f"did:key:{multikey.encode(self.jwk)}"

    @property
    def method(self) -> str:
        """The DID URL of the key."""
        return f"{self.did}#{self.did.removeprefix('did:key:')}"

    def sign(self, payload: bytes) -> bytes:
        """Raw signature: r||s for ECDSA."""
        if self.algorithm not in _CURVES:
            signed: bytes = self.private.sign(payload)
            return signed
        _, digest, size = _CURVES[self.algorithm]
        r, s = decode_dss_signature(self.private.sign(payload, ec.ECDSA(digest)))
        return r.to_bytes(size) + s.to_bytes(size)

    def jwt(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """A JWT under this key."""
        payload = jws.signing_input({"alg": self.algorithm, **header}, render_json(claims))
        return jws.seal(payload, self.sign(payload))


@dataclass(frozen=True, slots=True)
class Certified:
    """A key with its chain (DER, leaf first, root left out) and the root that ends it."""

    key: Key
    chain: tuple[bytes, ...]
    root: bytes


@cache
def certified(document_signer: bool = False) -> Certified:
    """A key under a CA: for a host and its https URL, or a signer of mobile documents under an IACA."""
    root, key = Key(), Key()
    times: dict[str, Any] = {"not_before": NOW - timedelta(days=1), "not_after": NOW + timedelta(days=400)}
    subject = {"common_name": "Example CA", "country_name": "ZZ"}
    authority = Authority(ISSUER, f"{ISSUER}/crl")
    fresh: dict[str, Any] = {"algorithm": "ES256", "serial": os.urandom(16), **times}
    if document_signer:
        above = x509.prepare_iaca(subject, root.jwk, authority, **fresh)
    else:
        above = x509.prepare_ca(subject, root.jwk, **fresh)
    ca = x509.seal(above, root.sign(above.payload))
    fresh["serial"] = os.urandom(16)
    if document_signer:
        below = x509.prepare_document_signer("Signer", key.jwk, authority, issuer=ca, **fresh)
    else:
        below = x509.prepare_leaf({"common_name": "Example"}, key.jwk, issuer=ca, dns=[HOST], uris=[ISSUER], **fresh)
    return Certified(key, (x509.seal(below, root.sign(below.payload)),), ca)
