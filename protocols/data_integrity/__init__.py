"""Verifiable Credential Data Integrity 1.0: proofs that stand in the document they secure."""

from protocols.data_integrity.errors import (
    InvalidChallenge,
    InvalidDomain,
    InvalidVerificationMethod,
    ProofExpired,
    ProofGenerationError,
    ProofTransformationError,
    ProofVerificationError,
    UnknownCryptosuite,
)
from protocols.data_integrity.proofs import (
    Expectations,
    cryptosuite_of,
    new_proof,
    proofs_of,
    require,
    require_form,
    secured_by,
    unsecured,
    with_context,
    with_proof,
)

__all__ = [
    "Expectations",
    "InvalidChallenge",
    "InvalidDomain",
    "InvalidVerificationMethod",
    "ProofExpired",
    "ProofGenerationError",
    "ProofTransformationError",
    "ProofVerificationError",
    "UnknownCryptosuite",
    "cryptosuite_of",
    "new_proof",
    "proofs_of",
    "require",
    "require_form",
    "secured_by",
    "unsecured",
    "with_context",
    "with_proof",
]
