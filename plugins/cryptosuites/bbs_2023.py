"""bbs-2023 (VC BBS Cryptosuites 1.0), baseline: presentations that nobody can link. Experimental, as BBS itself is."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from protocols import json_ld
from protocols.data_integrity import bbs_sd
from protocols.ports import PluginTools, Sandboxed, Securing, ToBeSigned
from protocols.ports.keys import Jwk

# Uniform to within 2^-129, for each statement that may stay hidden.
_OCTETS, _MOST = 48, 2048


class Bbs2023:
    """Base proofs are for the holder alone: what is verified is derived from them."""

    name: ClassVar[str] = "bbs-2023"
    legacy: ClassVar[bool] = False
    algorithms: ClassVar[tuple[str, ...]] = (bbs_sd.ALGORITHM,)
    selective: ClassVar[bool] = True

    def __init__(self, tools: PluginTools) -> None:
        self._contexts = tools.contexts

    def prepare(self, securing: Securing) -> Sandboxed:
        """Header and messages, as context: what BBS signs is no single string of bytes."""
        added = json_ld.needed(securing.document, self._contexts)
        arguments = (securing.document, securing.proof, securing.mandatory, securing.entropy(32), added)
        public = bbs_sd.public_of(securing.key)

        def then(to_sign: bbs_sd.ToSign) -> ToBeSigned:
            return ToBeSigned(b"", securing.algorithm, (securing.proof, to_sign, public))

        return Sandboxed(bbs_sd.prepare, arguments, then)

    def sign(self, prepared: ToBeSigned, secret: bytes) -> Sandboxed:
        """The signature with a key that came out of its seal: no key store knows BBS."""
        return Sandboxed(bbs_sd.sign, (secret, prepared.context[1]), lambda signature: signature)

    def seal(self, prepared: ToBeSigned, signature: bytes) -> dict[str, Any]:
        """The base proof."""
        proof, to_sign, public = prepared.context
        return {**proof, "proofValue": bbs_sd.seal(to_sign, public, signature)}

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
        fresh = entropy(_OCTETS * _MOST)
        random = [int.from_bytes(fresh[start : start + _OCTETS]) for start in range(0, len(fresh), _OCTETS)]

        def then(done: tuple[dict[str, Any], str]) -> dict[str, Any]:
            return {**done[0], "proof": {**proof, "proofValue": done[1]}}

        arguments = (document, proof["proofValue"], pointers, random, presentation_header, added)
        return Sandboxed(bbs_sd.derive, arguments, then)

    def verify(self, document: Mapping[str, Any], proof: Mapping[str, Any], key: Jwk) -> Sandboxed:
        """Believe a derived proof. Raises ProofVerificationError."""
        added = json_ld.needed(document, self._contexts)
        arguments = (document, proof, proof["proofValue"], bbs_sd.public_of(key), added)
        return Sandboxed(bbs_sd.verify, arguments, lambda done: done)
