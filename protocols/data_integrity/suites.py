"""What cryptosuites share: which algorithm a key signs with, and how a JCS suite prepares and verifies."""

from collections.abc import Mapping
from typing import Any

from protocols.data_integrity import hashing
from protocols.data_integrity.errors import ProofVerificationError
from protocols.jose.jwk import Jwk

_ECDSA = {"P-256": "ES256", "P-384": "ES384"}


def ecdsa_algorithm(key: Jwk) -> str:
    """ES256 or ES384 by the key's curve. Raises ProofVerificationError for another key."""
    algorithm = _ECDSA.get(str(key.get("crv")))
    if algorithm is None:
        raise ProofVerificationError("key of another curve")
    return algorithm


def jcs_configuration(document: Mapping[str, Any], proof: Mapping[str, Any]) -> dict[str, Any]:
    """A JCS proof carries the document's contexts (VC EdDSA 1.0, 3.3.1, step 2)."""
    return {"@context": document["@context"], **proof} if "@context" in document else dict(proof)


def verify_jcs(document: Mapping[str, Any], proof: Mapping[str, Any], key: Jwk, algorithm: str) -> None:
    """Believe a JCS proof. Raises ProofVerificationError, ProofTransformationError."""
    signature = hashing.signature_of(proof, algorithm)
    seen = hashing.jcs_document(document, proof)
    hashes = hashing.jcs_hashes(seen, proof, hashing.DIGESTS[algorithm])
    hashing.require_signature(key, algorithm, hashes, signature)
