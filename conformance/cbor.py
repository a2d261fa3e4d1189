"""The suite's own CBOR (RFC 8949), written and never read: what a wallet sends of a mobile document.

It writes what a lying wallet wants written: a map's members stand in the order given, and `Raw` is put in as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EMBEDDED = 24
DATE_TIME = 0


@dataclass(frozen=True, slots=True)
class Tag:
    """A tagged value (section 3.4)."""

    number: int
    value: Any


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes that are CBOR already, or that only pretend to be."""

    octets: bytes


def encode(value: Any) -> bytes:
    """Definite lengths, shortest heads. Raises TypeError for what has no place in a mobile document."""
    if isinstance(value, Raw):
        return value.octets
    if isinstance(value, Tag):
        return head(6, value.number) + encode(value.value)
    if value is None or isinstance(value, bool):
        return b"\xf6" if value is None else b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        octets = value.encode()
        return head(3, len(octets)) + octets
    if isinstance(value, Mapping):
        return head(5, len(value)) + b"".join(encode(name) + encode(one) for name, one in value.items())
    if isinstance(value, list | tuple):
        return head(4, len(value)) + b"".join(map(encode, value))
    raise TypeError(f"no CBOR for a {type(value).__name__}")


def head(major: int, argument: int) -> bytes:
    """The initial byte and the argument, as short as can be (section 3)."""
    if argument < 24:
        return bytes([major << 5 | argument])
    for information, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << 8 * size:
            return bytes([major << 5 | information]) + argument.to_bytes(size)
    raise TypeError("a number beyond 64 bits")


def embedded(value: Any) -> Tag:
    """The encoding of a value as a byte string that says that it is CBOR (section 3.4.5.1)."""
    return Tag(EMBEDDED, encode(value))
