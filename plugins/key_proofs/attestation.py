"""Proof type `attestation` (OpenID4VCI 1.0, appendix F.3): a key attestation alone, for every key in it."""

from collections.abc import Sequence
from typing import Any, ClassVar

from protocols.openid4vci import key_attestation
from protocols.openid4vci.key_proof import OpenedProof, ProofExpectations
from protocols.ports import PluginTools, Purpose
from protocols.ports.keys import Jwk


class AttestationKeyProof:
    """`key_proof.KeyProof` for key attestations."""

    proof_type: ClassVar[str] = "attestation"

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def open(self, proof: Any) -> OpenedProof:
        """The attester's key is the one to trust. Raises InvalidProof."""
        opened = key_attestation.open_attestation(proof)
        return OpenedProof(opened.signer, opened.nonce, opened, Purpose.ATTEST_WALLET)

    def verify(self, opened: OpenedProof, key: Jwk, expected: ProofExpectations) -> Sequence[Jwk]:
        """The attested keys. Raises InvalidProof."""
        key_attestation.verify(opened.content, key, expected.now, False, expected.attestation)
        keys: Sequence[Jwk] = opened.content.keys
        return keys
