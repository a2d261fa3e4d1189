"""Values of 1, 2, 4 or 8 bits in bytes, in either order, and inflation that stops at a bound."""

import zlib

from protocols.status_list.errors import InvalidStatusList

MAX_INFLATED = 16 * 1024 * 1024
"""Bytes: 134,217,728 places of one bit."""
_ZLIB, _GZIP = zlib.MAX_WBITS, zlib.MAX_WBITS | 16


def inflate(data: bytes, gzip: bool = False) -> bytes:
    """One whole ZLIB (RFC 1950) or GZIP (RFC 1952) stream of at most MAX_INFLATED bytes. Raises InvalidStatusList."""
    inflater = zlib.decompressobj(_GZIP if gzip else _ZLIB)
    try:
        packed = inflater.decompress(data, MAX_INFLATED)
    except zlib.error:
        raise InvalidStatusList("not GZIP" if gzip else "not ZLIB") from None
    if not inflater.eof or inflater.unused_data or inflater.unconsumed_tail:
        raise InvalidStatusList("cut short, too long or followed by more")
    return packed


def read_low_first(packed: bytes, bits: int, index: int) -> int:
    """The value at the index, the first place in the lowest bits of a byte. Raises InvalidStatusList."""
    byte, shift = _place(packed, bits, index)
    return packed[byte] >> shift & ((1 << bits) - 1)


def read_high_first(packed: bytes, bits: int, index: int) -> int:
    """The value at the index, the first place in the highest bits of a byte. Raises InvalidStatusList."""
    byte, shift = _place(packed, bits, index)
    return packed[byte] >> (8 - bits - shift) & ((1 << bits) - 1)


def write_low_first(packed: bytearray, bits: int, index: int, value: int) -> None:
    """Set one place. Raises ValueError for a value, InvalidStatusList for a place that does not fit."""
    byte, shift = _place(packed, bits, index)
    packed[byte] = _with(packed[byte], bits, shift, value)


def write_high_first(packed: bytearray, bits: int, index: int, value: int) -> None:
    """Set one place. Raises ValueError for a value, InvalidStatusList for a place that does not fit."""
    byte, shift = _place(packed, bits, index)
    packed[byte] = _with(packed[byte], bits, 8 - bits - shift, value)


def _place(packed: bytes | bytearray, bits: int, index: int) -> tuple[int, int]:
    per_byte = 8 // bits
    if not 0 <= index < len(packed) * per_byte:
        raise InvalidStatusList("index out of range")
    return index // per_byte, index % per_byte * bits


def _with(byte: int, bits: int, shift: int, value: int) -> int:
    if not 0 <= value < 1 << bits:
        raise ValueError("value does not fit")
    return byte & ~(((1 << bits) - 1) << shift) & 0xFF | value << shift
