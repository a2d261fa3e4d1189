"""Errors of Data Integrity (VC Data Integrity 1.0, 4.7) and of controlled identifier documents (1.0, 3.5)."""

from protocols.errors import ProtocolError


class ProofVerificationError(ProtocolError):
    """A proof cannot be verified."""

    code = "PROOF_VERIFICATION_ERROR"
    problem_type = "https://w3id.org/security#PROOF_VERIFICATION_ERROR"


class ProofGenerationError(ProtocolError):
    """A proof cannot be made for this."""

    code = "PROOF_GENERATION_ERROR"
    problem_type = "https://w3id.org/security#PROOF_GENERATION_ERROR"


class ProofTransformationError(ProtocolError):
    """The document cannot be transformed as the cryptosuite demands."""

    code = "PROOF_TRANSFORMATION_ERROR"
    problem_type = "https://w3id.org/security#PROOF_TRANSFORMATION_ERROR"


class InvalidDomain(ProofVerificationError):
    """A proof was made for another domain."""

    code = "INVALID_DOMAIN_ERROR"
    problem_type = "https://w3id.org/security#INVALID_DOMAIN_ERROR"


class InvalidChallenge(ProofVerificationError):
    """A proof was made for another challenge."""

    code = "INVALID_CHALLENGE_ERROR"
    problem_type = "https://w3id.org/security#INVALID_CHALLENGE_ERROR"


class InvalidVerificationMethod(ProofVerificationError):
    """The verification method is not one that its controller allows for this."""

    code = "INVALID_VERIFICATION_METHOD"
    problem_type = "https://w3id.org/security#INVALID_VERIFICATION_METHOD"


class UnknownCryptosuite(ProofVerificationError):
    """A proof is of a type or a cryptosuite that is not known here."""


class ProofExpired(ProofVerificationError):
    """A proof has expired, or was made in the future."""
