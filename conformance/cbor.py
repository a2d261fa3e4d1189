"""The suite's own CBOR (RFC 8949): what a wallet sends of a mobile document, and what it is given.

It writes what a lying wallet wants written: a map's members stand in the order given, and `Raw` is put in as it is.
It reads strictly: definite lengths, no key twice, nothing behind the end.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.jose import Unreadable

EMBEDDED = 24
DATE_TIME = 0


@dataclass(frozen=True, slots=True)
class Tag:
    """A tagged value (section 3.4); `octets` is how it was written, when it was read."""

    number: int
    value: Any
    octets: bytes = field(default=b"", compare=False, repr=False)


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


# Reading

DEEPEST = 16
_SIMPLE = {20: False, 21: True, 22: None, 23: None}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}


def decode(data: bytes) -> Any:
    """The one item that `data` is. Raises Unreadable."""
    value, end = _item(data, 0, 0)
    if end != len(data):
        raise Unreadable(f"{len(data) - end} bytes behind the end of the CBOR")
    return value


def unembedded(value: Any) -> Any:
    """What is inside of a byte string that says that it is CBOR. Raises Unreadable."""
    if not isinstance(value, Tag) or value.number != EMBEDDED or not isinstance(value.value, bytes):
        raise Unreadable("no embedded CBOR (tag 24) where it belongs")
    return decode(value.value)


def _item(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > DEEPEST:
        raise Unreadable("CBOR that is nested too deep")
    major, information, argument, after = _head(data, at)
    match major:
        case 0:
            return argument, after
        case 1:
            return -1 - argument, after
        case 2:
            return _octets(data, after, argument), after + argument
        case 3:
            return _text(_octets(data, after, argument)), after + argument
        case 4:
            return _array(data, after, argument, depth)
        case 5:
            return _map(data, after, argument, depth)
        case 6:
            value, end = _item(data, after, depth + 1)
            return Tag(argument, value, data[at:end]), end
    if information in _FLOATS:
        return struct.unpack(_FLOATS[information], data[at + 1 : after])[0], after
    if argument not in _SIMPLE:
        raise Unreadable("a simple value that CBOR does not have")
    return _SIMPLE[argument], after


def _head(data: bytes, at: int) -> tuple[int, int, int, int]:
    """Major type, additional information, argument, and where it ends."""
    (first,) = _octets(data, at, 1)
    major, information = first >> 5, first & 31
    if information < 24:
        return major, information, information, at + 1
    if information > 27:
        raise Unreadable("CBOR of indefinite length, or a reserved head")
    size = 1 << information - 24
    return major, information, int.from_bytes(_octets(data, at + 1, size)), at + 1 + size


def _octets(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise Unreadable("CBOR that ends too early")
    return data[at : at + size]


def _text(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise Unreadable("CBOR text that is no UTF-8") from error


def _array(data: bytes, at: int, count: int, depth: int) -> tuple[list[Any], int]:
    values = []
    for _ in range(count):
        value, at = _item(data, at, depth + 1)
        values.append(value)
    return values, at


def _map(data: bytes, at: int, count: int, depth: int) -> tuple[dict[Any, Any], int]:
    members: dict[Any, Any] = {}
    for _ in range(count):
        name, at = _item(data, at, depth + 1)
        value, at = _item(data, at, depth + 1)
        if not isinstance(name, int | str | bytes) or name in members:
            raise Unreadable(f"a CBOR map with a key twice, or one that is none: {name!r}"[:80])
        members[name] = value
    return members, at
