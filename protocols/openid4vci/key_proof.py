"""Key proofs (OpenID4VCI 1.0, 8.2.1 and appendix F): the port, and what every kind of proof is checked against."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from protocols.openid4vci.key_attestation import OpenedKeyAttestation
from protocols.ports import Sandboxed
from protocols.ports.keys import Jwk
from protocols.ports.trust import KeyReference, Purpose


@dataclass(frozen=True, slots=True)
class OpenedProof:
    """A proof taken apart, nothing of it believed: how it names the key that signed it, its nonce, and the rest.

    `purpose` says whether that is the holder's key or that of somebody who attests keys; `attestation` is the key
    attestation that came with it.
    """

    key: KeyReference
    nonce: str | None
    content: Any
    purpose: Purpose = Purpose.HOLD
    attestation: OpenedKeyAttestation | None = None


@dataclass(frozen=True, slots=True)
class ProofExpectations:
    """What a proof must say: the Credential Issuer Identifier, one of the algorithms, and a recent time.

    `attestation` are the key_attestations_required of the configuration, None when it requires none.
    """

    audience: str
    algorithms: Container[str]
    now: datetime
    attestation: Mapping[str, Any] | None = None
    max_age: int = 300
    skew: int = 60


class KeyProof(Protocol):
    """One proof type. Never waits; a step with work that an attacker can make slow answers Sandboxed.

    One whose algorithms are not JWS algorithms names them in `algorithms`; one that cannot carry a key attestation says
    so by `attestable = False`.
    """

    proof_type: ClassVar[str]

    def open(self, proof: Any) -> OpenedProof:
        """Take apart. Raises InvalidProof."""

    def verify(self, opened: OpenedProof, key: Jwk, expected: ProofExpectations) -> Sequence[Jwk] | Sandboxed:
        """Believe that the key made it for this issuer, now; the holder's keys it shows. Raises InvalidProof."""
