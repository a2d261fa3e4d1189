"""Ciphersuites (7) and what is hashed to where (4.1; RFC 9380, 5.3)."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from py_arkworks_bls12381 import G1Point, Scalar

ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
_FIELD = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
EXPAND = 48


def _xmd(message: bytes, dst: bytes, size: int) -> bytes:
    """expand_message_xmd with SHA-256 (RFC 9380, 5.3.1)."""
    prime = _short(dst, lambda long: hashlib.sha256(b"H2C-OVERSIZE-DST-" + long).digest())
    first = hashlib.sha256(bytes(64) + message + size.to_bytes(2) + b"\0" + prime).digest()
    blocks = [hashlib.sha256(first + b"\x01" + prime).digest()]
    while len(blocks) * 32 < size:
        mixed = bytes(a ^ b for a, b in zip(first, blocks[-1], strict=True))
        blocks.append(hashlib.sha256(mixed + (len(blocks) + 1).to_bytes() + prime).digest())
    return b"".join(blocks)[:size]


def _xof(message: bytes, dst: bytes, size: int) -> bytes:
    """expand_message_xof with SHAKE-256 (RFC 9380, 5.3.2)."""
    prime = _short(dst, lambda long: hashlib.shake_256(b"H2C-OVERSIZE-DST-" + long).digest(64))
    return hashlib.shake_256(message + size.to_bytes(2) + prime).digest(size)


def _short(dst: bytes, shorten: Callable[[bytes], bytes]) -> bytes:
    dst = dst if len(dst) <= 255 else shorten(dst)
    return dst + len(dst).to_bytes()


@dataclass(frozen=True, slots=True)
class Ciphersuite:
    """A ciphersuite by its id; `p1` the fixed base point, compressed."""

    id: bytes
    xof: bool
    p1: str

    @property
    def api(self) -> bytes:
        """The id of the interface with hashed messages (6)."""
        return self.id + b"H2G_HM2S_"


SHA256 = Ciphersuite(
    b"BBS_BLS12381G1_XMD:SHA-256_SSWU_RO_",
    False,
    "a8ce256102840821a3e94ea9025e4662b205762f9776b3a766c872b948f1fd225e7c59698588e70d11406d161b4e28c9",
)
SHAKE256 = Ciphersuite(
    b"BBS_BLS12381G1_XOF:SHAKE-256_SSWU_RO_",
    True,
    "8929dfbc7e6642c4ed9cba0856e493f8b9d7d5fcb0c31ef8fdcd34d50648a56c795e106e9eada6e0bda386b414150755",
)


def expand_message(suite: Ciphersuite, message: bytes, dst: bytes, size: int) -> bytes:
    """The suite's expand_message."""
    return _xof(message, dst, size) if suite.xof else _xmd(message, dst, size)


def hash_to_scalar(suite: Ciphersuite, message: bytes, dst: bytes) -> Scalar:
    """4.2.2."""
    return scalar(int.from_bytes(expand_message(suite, message, dst, EXPAND)) % ORDER)


def scalar(number: int) -> Scalar:
    """A number below the order as the library has it."""
    return Scalar.from_be_bytes(number.to_bytes(32))


def _hash_to_curve(suite: Ciphersuite, message: bytes, dst: bytes) -> G1Point:
    if not suite.xof:
        return G1Point.hash_to_curve(message, dst)
    octets = expand_message(suite, message, dst, 128)
    halves = [int.from_bytes(octets[start : start + 64]) % _FIELD for start in (0, 64)]
    first, second = (G1Point.map_from_fp_be(half.to_bytes(48)) for half in halves)
    return first + second


# The state after the last generator is kept, so that more of them cost only what is more.
_known: dict[bytes, tuple[list[G1Point], bytes]] = {}


def generators(suite: Ciphersuite, count: int) -> Sequence[G1Point]:
    """The first generators of the suite (4.1.1): Q_1, then one for each message."""
    seed_dst, generator_dst = suite.api + b"SIG_GENERATOR_SEED_", suite.api + b"SIG_GENERATOR_DST_"
    if suite.id not in _known:
        _known[suite.id] = [], expand_message(suite, suite.api + b"MESSAGE_GENERATOR_SEED", seed_dst, EXPAND)
    found, state = _known[suite.id]
    for number in range(len(found) + 1, count + 1):
        state = expand_message(suite, state + number.to_bytes(8), seed_dst, EXPAND)
        found.append(_hash_to_curve(suite, state, generator_dst))
        _known[suite.id] = found, state
    return found[:count]


@lru_cache(maxsize=4)
def base_point(suite: Ciphersuite) -> G1Point:
    """P1."""
    return G1Point.from_compressed_bytes(bytes.fromhex(suite.p1))


def message_scalars(suite: Ciphersuite, messages: Sequence[bytes]) -> list[Scalar]:
    """messages_to_scalars (4.1.2)."""
    return [hash_to_scalar(suite, one, suite.api + b"MAP_MSG_TO_SCALAR_AS_HASH_") for one in messages]
