"""BBS signatures (draft-irtf-cfrg-bbs-signatures) over BLS12-381: sign many messages, prove some of them.

The draft of a research group: experimental, as are the suites above it. Every random value comes in.
"""

from protocols.bbs.ciphersuites import ORDER, SHA256, SHAKE256, Ciphersuite, expand_message, hash_to_scalar
from protocols.bbs.proofs import count_of, proof_gen, proof_verify
from protocols.bbs.signatures import InvalidBbs, key_gen, public_key, require_public_key, sign, verify

__all__ = [
    "ORDER",
    "SHA256",
    "SHAKE256",
    "Ciphersuite",
    "InvalidBbs",
    "count_of",
    "expand_message",
    "hash_to_scalar",
    "key_gen",
    "proof_gen",
    "proof_verify",
    "public_key",
    "require_public_key",
    "sign",
    "verify",
]
