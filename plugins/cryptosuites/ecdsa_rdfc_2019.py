"""ecdsa-rdfc-2019 (VC ECDSA Cryptosuites 1.0, 3.2)."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from protocols import json_ld
from protocols.data_integrity import hashing
from protocols.data_integrity.suites import ecdsa_algorithm
from protocols.ports import PluginTools, Sandboxed, Securing, ToBeSigned
from protocols.ports.keys import Jwk


class EcdsaRdfc2019:
    """ECDSA over canonical RDF: P-256 with SHA-256, P-384 with SHA-384, which RDFC-1.0 uses within itself too."""

    name: ClassVar[str] = "ecdsa-rdfc-2019"
    legacy: ClassVar[bool] = False
    algorithms: ClassVar[tuple[str, ...]] = ("ES256", "ES384")
    selective: ClassVar[bool] = False

    def __init__(self, tools: PluginTools) -> None:
        self._contexts = tools.contexts

    def prepare(self, securing: Securing) -> Sandboxed:
        """hash(configuration) || hash(document)."""
        then = partial(ToBeSigned, algorithm=securing.algorithm, context=securing.proof)
        return self._hashes(securing.document, securing.proof, securing.algorithm, then)

    def seal(self, prepared: ToBeSigned, signature: bytes) -> dict[str, Any]:
        """The proof with its proofValue."""
        return {**prepared.context, "proofValue": hashing.multibase(signature)}

    def verify(self, document: Mapping[str, Any], proof: Mapping[str, Any], key: Jwk) -> Sandboxed:
        """Raises ProofVerificationError."""
        algorithm = ecdsa_algorithm(key)
        signature = hashing.signature_of(proof, algorithm)
        then = partial(hashing.require_signature, key, algorithm, signature=signature)
        return self._hashes(document, proof, algorithm, then)

    def _hashes(self, document: Mapping[str, Any], proof: Mapping[str, Any], algorithm: str, then: Any) -> Sandboxed:
        added = json_ld.needed(document, self._contexts)
        return Sandboxed(hashing.rdfc_hashes, (document, proof, hashing.DIGESTS[algorithm], added), then)
