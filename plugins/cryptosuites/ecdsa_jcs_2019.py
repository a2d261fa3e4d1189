"""ecdsa-jcs-2019 (VC ECDSA Cryptosuites 1.0, 3.3)."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.data_integrity import hashing, suites
from protocols.ports import PluginTools, Securing, ToBeSigned
from protocols.ports.keys import Jwk


class EcdsaJcs2019:
    """ECDSA over RFC 8785 text: P-256 with SHA-256, P-384 with SHA-384."""

    name: ClassVar[str] = "ecdsa-jcs-2019"
    legacy: ClassVar[bool] = False
    algorithms: ClassVar[tuple[str, ...]] = ("ES256", "ES384")
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
        suites.verify_jcs(document, proof, key, suites.ecdsa_algorithm(key))
