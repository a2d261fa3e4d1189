"""What an SD-JWT is once taken apart, how its texts are hashed, and how it is refused (RFC 9901, 4)."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from protocols.encoding import b64url
from protocols.errors import ProtocolError
from protocols.jose.jws import CompactJws

HASHES: Mapping[str, Callable[[bytes], Any]] = {
    "sha-256": hashlib.sha256,
    "sha-384": hashlib.sha384,
    "sha-512": hashlib.sha512,
}
RESERVED = frozenset({"_sd", "..."})


class InvalidSdJwt(ProtocolError):
    """The SD-JWT is not well-formed, or its disclosures do not fit it."""

    code = "invalid_presentation"


class InvalidKeyBinding(ProtocolError):
    """The presentation is not bound to this request by the holder's key."""

    code = "invalid_key_binding"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One disclosure as received: its text is what is hashed. `name` is None for an array element."""

    text: str
    name: str | None
    value: Any


@dataclass(frozen=True, slots=True)
class SdJwt:
    """An SD-JWT taken apart, nothing of it believed. `presented` is its text up to the last tilde, with it."""

    jws: CompactJws
    payload: Mapping[str, Any]
    disclosures: tuple[Disclosure, ...]
    key_binding: str | None
    presented: str

    @property
    def header(self) -> Mapping[str, Any]:
        """The issuer's JOSE header."""
        return self.jws.header

    @property
    def hash_algorithm(self) -> str:
        """`_sd_alg` (4.1.1), which hashes disclosures and `sd_hash` alike. Raises InvalidSdJwt."""
        algorithm = self.payload.get("_sd_alg", "sha-256")
        if not isinstance(algorithm, str) or algorithm not in HASHES:
            raise InvalidSdJwt("_sd_alg")
        return algorithm


def digest(algorithm: str, text: str) -> str:
    """The base64url digest of a text as it was received (4.2.3). Raises InvalidSdJwt for an unknown `_sd_alg`."""
    if algorithm not in HASHES:
        raise InvalidSdJwt("hash algorithm")
    return b64url(HASHES[algorithm](text.encode("ascii")).digest())
