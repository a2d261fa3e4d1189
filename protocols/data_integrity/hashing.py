"""Transformation, hashing and serialization of the cryptosuites that sign two hashes.

eddsa-rdfc-2022 and eddsa-jcs-2022 (VC EdDSA Cryptosuites 1.0, 3), ecdsa-rdfc-2019 and ecdsa-jcs-2019 (VC ECDSA
Cryptosuites 1.0, 3), Ed25519Signature2020: each signs the hash of the proof configuration, then that of the document.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import base58
import rfc8785

from protocols import json_ld
from protocols.data_integrity.errors import ProofTransformationError, ProofVerificationError
from protocols.encoding import parse_b64url
from protocols.errors import Malformed
from protocols.jose.jwk import Jwk, verify_signature
from protocols.json_ld import Contexts

DIGESTS = {"EdDSA": "sha256", "Ed25519": "sha256", "ES256": "sha256", "ES384": "sha384"}
_SIZES = {"EdDSA": 64, "ES256": 64, "ES384": 96}


def _bare(proof: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in proof.items() if name != "proofValue"}


def rdfc_hashes(document: Mapping[str, Any], proof: Mapping[str, Any], digest: str, added: Contexts) -> bytes:
    """hash(configuration) || hash(document) over canonical N-Quads. Heavy: for the sandbox."""
    if "@context" not in document:
        raise ProofTransformationError("no @context")
    configuration = {**_bare(proof), "@context": document["@context"]}
    return b"".join(
        hashlib.new(digest, json_ld.canonicalize(one, digest, added).encode()).digest()
        for one in (configuration, document)
    )


def jcs_hashes(document: Mapping[str, Any], proof: Mapping[str, Any], digest: str) -> bytes:
    """The same over RFC 8785 text. Raises ProofTransformationError for what JSON cannot say exactly."""
    try:
        return b"".join(hashlib.new(digest, rfc8785.dumps(one)).digest() for one in (_bare(proof), dict(document)))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError):
        raise ProofTransformationError("not canonicalizable JSON") from None


def jcs_document(document: Mapping[str, Any], proof: Mapping[str, Any]) -> dict[str, Any]:
    """The document as a JCS proof sees it: it begins with the contexts of the proof (VC EdDSA 1.0, 3.3.2, step 4)."""
    if "@context" not in proof:
        return dict(document)
    wanted, found = _list(proof["@context"]), _list(document.get("@context"))
    if found[: len(wanted)] != wanted:
        raise ProofVerificationError("@context does not begin with that of the proof")
    return {**document, "@context": proof["@context"]}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def multibase(octets: bytes, base: str = "z") -> str:
    """base58btc with its `z` (Controlled Identifiers 1.0, 2.4)."""
    return base + base58.b58encode(octets).decode("ascii")


def signature_of(proof: Mapping[str, Any], algorithm: str) -> bytes:
    """The signature in proofValue, of the length that the algorithm has. Raises ProofVerificationError."""
    value = proof["proofValue"]
    # Decoding costs the square of the length.
    if value[:1] != "z" or len(value) > 140:
        raise ProofVerificationError("proofValue is not base58btc of a signature")
    try:
        signature = base58.b58decode(value[1:])
    except ValueError:
        raise ProofVerificationError("proofValue is not base58btc") from None
    if len(signature) != _SIZES[algorithm]:
        raise ProofVerificationError("proofValue of another length")
    return signature


def require_signature(key: Jwk, algorithm: str, hashes: bytes, signature: bytes) -> None:
    """Raises ProofVerificationError when the signature is not the key's."""
    if not verify_signature(key, algorithm, hashes, signature):
        raise ProofVerificationError("signature")


def decode_u(value: str) -> bytes:
    """Multibase base64url without padding, `u`. Raises ProofVerificationError."""
    if value[:1] != "u":
        raise ProofVerificationError("proofValue is not base64url")
    try:
        return parse_b64url(value[1:])
    except Malformed:
        raise ProofVerificationError("proofValue is not base64url") from None
