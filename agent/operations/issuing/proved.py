"""What the proofs of a Credential Request came to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Holder:
    """A key that was proved, and the DID URL when the proof named it so."""

    jwk: Mapping[str, Any]
    kid: str | None


@dataclass(frozen=True, slots=True)
class Proved:
    """The holders, in the order of their proofs, and the nonces that they spend; one None is nobody's credential."""

    holders: Sequence[Holder | None]
    nonces: Sequence[tuple[bytes, datetime]]
