"""Ed25519Signature2018: verified, since wallets in use present with it; never made (Linked Data Proofs, RFC 7797)."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from protocols import json_ld
from protocols.data_integrity import ProofGenerationError, ProofVerificationError, hashing
from protocols.encoding import parse_b64url, parse_json_object
from protocols.errors import Malformed
from protocols.jose.jwk import Jwk
from protocols.ports import PluginTools, Sandboxed, Securing, ToBeSigned

_HEADER = {"alg": "EdDSA", "b64": False, "crit": ["b64"]}


class Ed25519Signature2018:
    """Ed25519 over the two hashes, as a JWS without its payload."""

    name: ClassVar[str] = "Ed25519Signature2018"
    legacy: ClassVar[bool] = True
    algorithms: ClassVar[tuple[str, ...]] = ()
    selective: ClassVar[bool] = False

    def __init__(self, tools: PluginTools) -> None:
        self._contexts = tools.contexts

    def prepare(self, securing: Securing) -> Sandboxed:
        """Nothing is signed with this. Raises ProofGenerationError."""
        raise ProofGenerationError("of a suite that is verified only")

    def seal(self, prepared: ToBeSigned, signature: bytes) -> dict[str, Any]:
        """Nothing is signed with this. Raises ProofGenerationError."""
        raise ProofGenerationError("of a suite that is verified only")

    def verify(self, document: Mapping[str, Any], proof: Mapping[str, Any], key: Jwk) -> Sandboxed:
        """Raises ProofVerificationError."""
        protected, signature = _parse(proof["jws"])
        bare = {name: value for name, value in proof.items() if name != "jws"}
        added = json_ld.needed(document, self._contexts)
        return Sandboxed(
            hashing.rdfc_hashes, (document, bare, "sha256", added), partial(_require, key, protected, signature)
        )


def _require(key: Jwk, protected: str, signature: bytes, hashes: bytes) -> None:
    hashing.require_signature(key, "EdDSA", protected.encode() + b"." + hashes, signature)


def _parse(jws: str) -> tuple[str, bytes]:
    """The protected header as it stands, and the signature. Raises ProofVerificationError."""
    protected, empty, encoded = jws.split(".") if jws.count(".") == 2 and len(jws) < 300 else ("", "x", "")
    try:
        header, signature = parse_json_object(parse_b64url(protected)), parse_b64url(encoded)
    except Malformed:
        raise ProofVerificationError("jws") from None
    if empty or header != _HEADER or len(signature) != 64:
        raise ProofVerificationError("jws")
    return protected, signature
