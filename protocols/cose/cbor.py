"""CBOR (RFC 8949) from strangers: one item, definite lengths, bounded depth and size, no key twice, no tag acted on.

A tag stays a `Tag` with its content as it came: no dates, big numbers, patterns or shared references are made of it,
and the bytes inside tag 24 are the bytes that were received.
"""

import io
from collections.abc import Callable, Mapping
from typing import Any

import cbor2
from cbor2 import CBORDecodeEOF, CBORDecoder, CBOREncodeError, CBORError, CBORTag

from protocols.errors import Malformed

Tag = CBORTag
MAX_DEPTH = 16
MAX_OCTETS = 4 * 1024 * 1024
ENCODED = 24
"""The tag of a byte string that holds an encoded item (RFC 8949, 3.4.5.1)."""
# What the library would otherwise turn into objects of its own.
_INTERPRETED = (0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 100, 258, 260, 261, 1004, 43000, 55799)


class InvalidCbor(Malformed):
    """The input is not CBOR as we accept it."""


_KEYS = frozenset({str, int})
_SIZES = {24: 1, 25: 2, 26: 4, 27: 8}


def _keep(number: int) -> Callable[[Any, bool], Any]:
    return lambda value, _immutable: Tag(number, value)


_AS_THEY_CAME = {number: _keep(number) for number in _INTERPRETED}


def _require_keys(found: Mapping[Any, Any], _immutable: bool) -> Any:
    """Integers and text only: 1.0 and true would otherwise be found under 1."""
    if not _KEYS.issuperset(map(type, found)):
        raise InvalidCbor("a map key that is neither integer nor text")
    return found


def decode(data: bytes) -> Any:
    """The one item that the bytes are. Raises InvalidCbor."""
    if len(data) > MAX_OCTETS:
        raise InvalidCbor("too large")
    decoder = CBORDecoder(
        io.BytesIO(data),
        semantic_decoders=_AS_THEY_CAME,
        object_hook=_require_keys,
        max_depth=MAX_DEPTH,
        allow_indefinite=False,
        allow_duplicate_keys=False,
    )
    try:
        value = decoder.decode()
    except (CBORError, ValueError, TypeError, OverflowError, RecursionError, MemoryError):
        raise InvalidCbor("not CBOR, or not as we accept it") from None
    try:
        decoder.read(1)
    except CBORDecodeEOF:
        return value
    raise InvalidCbor("followed by more bytes")


def encode(value: Any) -> bytes:
    """The item in the shortest form, maps in the order given. Raises InvalidCbor for what CBOR cannot hold."""
    try:
        return cbor2.dumps(value)
    except (CBOREncodeError, ValueError, TypeError, RecursionError):
        raise InvalidCbor("cannot be encoded") from None


def embedded(value: Any) -> bytes:
    """The bytes inside tag 24. Raises InvalidCbor when it is something else."""
    if type(value) is not Tag or value.tag != ENCODED or type(value.value) is not bytes:
        raise InvalidCbor("not an encoded CBOR item")
    content: bytes = value.value
    return content


def unwrap(data: bytes) -> bytes:
    """`embedded(decode(data))` for a byte string in tag 24, read without the decoder. Raises InvalidCbor."""
    if data[:2] != b"\xd8\x18":
        raise InvalidCbor("not an encoded CBOR item")
    argument = data[2] & 31 if len(data) > 2 and data[2] >> 5 == 2 else 31
    size = _SIZES.get(argument, 0)
    content = data[3 + size :]
    length = argument if not size and argument < 24 else int.from_bytes(data[3 : 3 + size])
    if argument > 27 or len(data) < 3 + size or length != len(content) or len(data) > MAX_OCTETS:
        raise InvalidCbor("not an encoded CBOR item")
    return content


def embed(content: bytes) -> bytes:
    """Tag 24 around encoded bytes, encoded."""
    return b"\xd8\x18" + head(2, len(content)) + content


def head(major: int, argument: int) -> bytes:
    """An item's initial byte and argument in the shortest form (RFC 8949, 3)."""
    if argument < 24:
        return bytes((major << 5 | argument,))
    if argument < 256:
        return bytes((major << 5 | 24, argument))
    for additional, size in _SIZES.items():
        if argument < 1 << 8 * size:
            return bytes([major << 5 | additional]) + argument.to_bytes(size)
    raise InvalidCbor("argument out of range")
