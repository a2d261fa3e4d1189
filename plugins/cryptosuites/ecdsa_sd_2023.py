"""ecdsa-sd-2023 (VC ECDSA Cryptosuites 1.0, 3.6): the holder shows parts of what was signed with P-256."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from protocols import json_ld
from protocols.data_integrity import ecdsa_sd, hashing
from protocols.data_integrity.suites import ecdsa_algorithm
from protocols.ports import PluginTools, Sandboxed, Securing, ToBeSigned
from protocols.ports.keys import Jwk


class EcdsaSd2023:
    """Base proofs are for the holder alone: what is verified is derived from them."""

    name: ClassVar[str] = "ecdsa-sd-2023"
    legacy: ClassVar[bool] = False
    algorithms: ClassVar[tuple[str, ...]] = ("ES256",)
    selective: ClassVar[bool] = True

    def __init__(self, tools: PluginTools) -> None:
        self._contexts = tools.contexts

    def prepare(self, securing: Securing) -> Sandboxed:
        """hash(configuration) || the document's own public key || hash(what is mandatory)."""
        keys = securing.entropy(32), securing.entropy(48)
        added = json_ld.needed(securing.document, self._contexts)
        arguments = (securing.document, securing.proof, securing.mandatory, *keys, added)

        def then(done: tuple[bytes, ecdsa_sd.BaseProof]) -> ToBeSigned:
            return ToBeSigned(done[0], securing.algorithm, (securing.proof, done[1]))

        return Sandboxed(ecdsa_sd.prepare, arguments, then)

    def seal(self, prepared: ToBeSigned, signature: bytes) -> dict[str, Any]:
        """The base proof."""
        proof, base = prepared.context
        return {**proof, "proofValue": ecdsa_sd.seal(base, signature)}

    def derive(
        self,
        document: Mapping[str, Any],
        proof: Mapping[str, Any],
        pointers: Sequence[str],
        key: Jwk,
        entropy: Any,
        presentation_header: bytes = b"",
    ) -> Sandboxed:
        """The document that is shown, with its derived proof. Raises ProofVerificationError, ProofGenerationError."""
        added = json_ld.needed(document, self._contexts)

        def then(done: tuple[dict[str, Any], str]) -> dict[str, Any]:
            return {**done[0], "proof": {**proof, "proofValue": done[1]}}

        return Sandboxed(ecdsa_sd.derive, (document, proof["proofValue"], pointers, added), then)

    def verify(self, document: Mapping[str, Any], proof: Mapping[str, Any], key: Jwk) -> Sandboxed:
        """Believe a derived proof. Raises ProofVerificationError."""
        algorithm = ecdsa_algorithm(key)
        added = json_ld.needed(document, self._contexts)

        def then(done: tuple[bytes, bytes]) -> None:
            hashing.require_signature(key, algorithm, *done)

        return Sandboxed(ecdsa_sd.open_derived, (document, proof, proof["proofValue"], added), then)
