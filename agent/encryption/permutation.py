"""A keyed permutation of 0..size-1: neighbours in time become strangers in a status list.

A balanced Feistel network of ten rounds over the next even number of bits, walking the cycle until it lands in range
(Black and Rogaway, "Ciphers with Arbitrary Finite Domains").
"""

import hmac
from hashlib import sha256

_ROUNDS = 10


def permute(key: bytes, size: int, place: int) -> int:
    """Where a place goes; a bijection of range(size). Raises ValueError outside of it."""
    if not 0 <= place < size:
        raise ValueError("place outside the list")
    half = (max(2, (size - 1).bit_length()) + 1) // 2
    value = place
    while True:
        value = _feistel(key, half, value)
        if value < size:
            return value


def _feistel(key: bytes, half: int, value: int) -> int:
    mask = (1 << half) - 1
    left, right = value >> half, value & mask
    for number in range(_ROUNDS):
        digest = hmac.digest(key, bytes([number, half]) + right.to_bytes(8, "big"), sha256)
        left, right = right, left ^ (int.from_bytes(digest[:8], "big") & mask)
    return (left << half) | right
