"""Cryptosuites of Data Integrity: each makes and checks proofs of one kind, never waiting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from protocols.ports.credentials import ToBeSigned
from protocols.ports.keys import Jwk
from protocols.ports.tools import Sandboxed


@dataclass(frozen=True, slots=True)
class Securing:
    """A document about to be secured. `proof` is its configuration without proofValue, `key` the public JWK that will
    sign, `entropy(n)` fresh random bytes, `mandatory` the JSON pointers that are always disclosed."""

    document: Mapping[str, Any]
    proof: Mapping[str, Any]
    algorithm: str
    key: Jwk
    entropy: Any
    mandatory: Sequence[str] = ()


class Cryptosuite(Protocol):
    """One cryptosuite, by its `cryptosuite` or, when `legacy`, its proof `type`.

    `algorithms` are those of the keys that can sign, the preferred first; `contexts` what a document must name.
    """

    name: ClassVar[str]
    legacy: ClassVar[bool]
    algorithms: ClassVar[tuple[str, ...]]
    selective: ClassVar[bool]

    def prepare(self, securing: Securing) -> ToBeSigned | Sandboxed:
        """What the key store signs."""

    def seal(self, prepared: ToBeSigned, signature: bytes) -> Mapping[str, Any]:
        """The finished proof."""

    def verify(self, document: Mapping[str, Any], proof: Mapping[str, Any], key: Jwk) -> Sandboxed | None:
        """Believe a proof over the document it is about, or raise ProofVerificationError."""


class DerivesProofs(Cryptosuite, Protocol):
    """A suite whose base proof is the holder's, who shows parts of the document under derived ones."""

    def derive(
        self,
        document: Mapping[str, Any],
        proof: Mapping[str, Any],
        pointers: Sequence[str],
        key: Jwk,
        entropy: Any,
        presentation_header: bytes = b"",
    ) -> Sandboxed:
        """The document that shows what the pointers select and what is mandatory, with its derived proof."""
