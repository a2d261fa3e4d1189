"""eddsa-jcs-2022 (VC EdDSA Cryptosuites 1.0, 3.3)."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.data_integrity import hashing, suites
from protocols.ports import PluginTools, Securing, ToBeSigned
from protocols.ports.keys import Jwk


class EddsaJcs2022:
    """Ed25519 over the SHA-256 of RFC 8785 text."""

    name: ClassVar[str] = "eddsa-jcs-2022"
    legacy: ClassVar[bool] = False
    algorithms: ClassVar[tuple[str, ...]] = ("EdDSA",)
    selective: ClassVar[bool] = False

    def __init__(self, tools: PluginTools) -> None:
        """Needs no tools: JSON is signed as it stands."""

    def prepare(self, securing: Securing) -> ToBeSigned:
        """hash(configuration) || hash(document). Raises ProofTransformationError."""
        proof = suites.jcs_configuration(securing.document, securing.proof)
        digest = hashing.DIGESTS[securing.algorithm]
        return ToBeSigned(hashing.jcs_hashes(securing.document, proof, digest), securing.algorithm, proof)

    def seal(self, prepared: ToBeSigned, signature: bytes) -> dict[str, Any]:
        """The proof with its proofValue."""
        return {**prepared.context, "proofValue": hashing.multibase(signature)}

    def verify(self, document: Mapping[str, Any], proof: Mapping[str, Any], key: Jwk) -> None:
        """Raises ProofVerificationError, ProofTransformationError."""
        suites.verify_jcs(document, proof, key, "EdDSA")
