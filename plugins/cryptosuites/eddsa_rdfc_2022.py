"""eddsa-rdfc-2022 (VC EdDSA Cryptosuites 1.0, 3.2)."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from protocols import json_ld
from protocols.data_integrity import hashing
from protocols.ports import PluginTools, Sandboxed, Securing, ToBeSigned
from protocols.ports.keys import Jwk


class EddsaRdfc2022:
    """Ed25519 over the SHA-256 of canonical RDF."""

    name: ClassVar[str] = "eddsa-rdfc-2022"
    legacy: ClassVar[bool] = False
    algorithms: ClassVar[tuple[str, ...]] = ("EdDSA",)
    selective: ClassVar[bool] = False

    def __init__(self, tools: PluginTools) -> None:
        self._contexts = tools.contexts

    def prepare(self, securing: Securing) -> Sandboxed:
        """hash(configuration) || hash(document)."""
        then = partial(ToBeSigned, algorithm=securing.algorithm, context=securing.proof)
        return self._hashes(securing.document, securing.proof, then)

    def seal(self, prepared: ToBeSigned, signature: bytes) -> dict[str, Any]:
        """The proof with its proofValue."""
        return {**prepared.context, "proofValue": hashing.multibase(signature)}

    def verify(self, document: Mapping[str, Any], proof: Mapping[str, Any], key: Jwk) -> Sandboxed:
        """Raises ProofVerificationError."""
        signature = hashing.signature_of(proof, "EdDSA")
        then = partial(hashing.require_signature, key, "EdDSA", signature=signature)
        return self._hashes(document, proof, then)

    def _hashes(self, document: Mapping[str, Any], proof: Mapping[str, Any], then: Any) -> Sandboxed:
        added = json_ld.needed(document, self._contexts)
        return Sandboxed(hashing.rdfc_hashes, (document, proof, "sha256", added), then)
