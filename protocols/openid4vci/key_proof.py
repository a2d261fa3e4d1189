"""Key proofs (OpenID4VCI 1.0, 8.2.1 and appendix F): the port, and what every kind of proof is checked against."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from protocols.ports.keys import Jwk
from protocols.ports.trust import KeyReference


@dataclass(frozen=True, slots=True)
class OpenedProof:
    """A proof taken apart, nothing of it believed: how it names the holder's key, its nonce, and the rest."""

    key: KeyReference
    nonce: str | None
    content: Any


@dataclass(frozen=True, slots=True)
class ProofExpectations:
    """What a proof must say: the Credential Issuer Identifier, one of the algorithms, and a recent time."""

    audience: str
    algorithms: Container[str]
    now: datetime
    max_age: int = 300
    skew: int = 60


class KeyProof(Protocol):
    """One proof type. Never waits."""

    proof_type: ClassVar[str]

    def open(self, proof: Any) -> OpenedProof:
        """Take apart. Raises InvalidProof."""

    def verify(self, opened: OpenedProof, holder: Jwk, expected: ProofExpectations) -> None:
        """Believe that the holder's key made it for this issuer, now. Raises InvalidProof."""
