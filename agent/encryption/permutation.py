"""A keyed permutation of 0..size-1: neighbours in time become strangers in a status list.

A balanced Feistel network of ten rounds over the next even number of bits, walking the cycle until it lands in range
(Black and Rogaway, "Ciphers with Arbitrary Finite Domains").
"""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

_ROUNDS = 10


def permute(key: bytes, size: int, place: int) -> int:
    """Where a place goes; a bijection of range(size). Raises ValueError outside of it."""
    if not 0 <= place < size:
        raise ValueError("place outside the list")
    half = (max(2, (size - 1).bit_length()) + 1) // 2
    keyed, value = HMAC(key, SHA256()), place
    while True:
        value = _feistel(keyed, half, value)
        if value < size:
            return value


def _feistel(keyed: HMAC, half: int, value: int) -> int:
    mask = (1 << half) - 1
    left, right = value >> half, value & mask
    for number in range(_ROUNDS):
        mac = keyed.copy()
        mac.update(bytes([number, half]) + right.to_bytes(8, "big"))
        left, right = right, left ^ (int.from_bytes(mac.finalize()[:8], "big") & mask)
    return (left << half) | right
