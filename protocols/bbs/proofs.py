"""Proofs of a signature that disclose some messages (3.5.3, 3.5.4, 3.7)."""

from collections.abc import Sequence
from dataclasses import dataclass

from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from protocols.bbs.ciphersuites import ORDER, SHA256, Ciphersuite, generators, hash_to_scalar, message_scalars, scalar
from protocols.bbs.signatures import (
    MAX_MESSAGES,
    InvalidBbs,
    commitment,
    domain,
    parse_signature,
    point_of,
    require_public_key,
    scalar_of,
)

_POINTS, _FIXED = 3 * 48, 3 * 48 + 4 * 32


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a challenge is over: the disclosed messages by their places, the points, the domain."""

    indexes: Sequence[int]
    messages: Sequence[Scalar]
    points: Sequence[G1Point]
    domain: Scalar


def count_of(total: int, disclosed: int) -> int:
    """How many random scalars a proof needs: five, and one for each message that stays hidden."""
    return 5 + total - disclosed


def proof_gen(
    public: bytes,
    signature: bytes,
    header: bytes,
    presentation_header: bytes,
    messages: Sequence[bytes],
    indexes: Sequence[int],
    random: Sequence[int],
    suite: Ciphersuite = SHA256,
) -> bytes:
    """A proof; `random` are uniform numbers below the order, as many as `count_of` says. Raises InvalidBbs."""
    a, e = parse_signature(signature)
    require_public_key(public)
    places = sorted(indexes)
    if len(set(places)) != len(places) or (places and not 0 <= places[0] <= places[-1] < len(messages)):
        raise InvalidBbs("indexes")
    hidden = [place for place in range(len(messages)) if place not in set(places)]
    r1, r2, e_, r1_, r3_, *m_ = [scalar(number % ORDER) for number in random]
    if len(m_) != len(hidden):
        raise InvalidBbs("random scalars")
    points, scalars = generators(suite, len(messages) + 1), message_scalars(suite, messages)
    domain_ = domain(suite, public, points, header)
    d = commitment(suite, points, domain_, scalars, points[1:]) * r2
    abar = a * (r1 * r2)
    bbar = d * r1 - abar * e
    t1 = abar * e_ + d * r1_
    t2 = G1Point.multiexp_unchecked([d, *(points[place + 1] for place in hidden)], [r3_, *m_])
    shown = _Shown(places, [scalars[place] for place in places], [abar, bbar, d, t1, t2], domain_)
    c = _challenge(suite, shown, presentation_header)
    answers = [e_ + e * c, r1_ - r1 * c, r3_ - r2.inverse() * c]
    answers += [blind + scalars[place] * c for blind, place in zip(m_, hidden, strict=True)]
    return _octets([abar, bbar, d]) + b"".join(bytes(one.to_be_bytes()) for one in [*answers, c])


def _octets(points: Sequence[G1Point]) -> bytes:
    return b"".join(bytes(one.to_compressed_bytes()) for one in points)


def _challenge(suite: Ciphersuite, shown: _Shown, presentation_header: bytes) -> Scalar:
    """ProofChallengeCalculate (3.7.4)."""
    parts = [len(shown.indexes).to_bytes(8)]
    for place, message in zip(shown.indexes, shown.messages, strict=True):
        parts += [place.to_bytes(8), bytes(message.to_be_bytes())]
    parts += [_octets(shown.points), bytes(shown.domain.to_be_bytes())]
    parts += [len(presentation_header).to_bytes(8), presentation_header]
    return hash_to_scalar(suite, b"".join(parts), suite.api + b"H2S_")


def proof_verify(
    public: bytes,
    proof: bytes,
    header: bytes,
    presentation_header: bytes,
    disclosed: Sequence[bytes],
    indexes: Sequence[int],
    suite: Ciphersuite = SHA256,
) -> None:
    """Believe that the disclosed messages stand at those places of a signature of this key. Raises InvalidBbs."""
    key = require_public_key(public)
    # 1. form: three points, the scalars, and one for each hidden message
    if len(proof) < _FIXED or len(proof) % 32 != _FIXED % 32:
        raise InvalidBbs("proof length")
    abar, bbar, d = (point_of(proof[start : start + 48]) for start in (0, 48, 96))
    e, r1, r3, *m, c = (scalar_of(proof[start : start + 32]) for start in range(_POINTS, len(proof), 32))
    total = len(disclosed) + len(m)
    if total > MAX_MESSAGES or len(indexes) != len(disclosed) or list(indexes) != sorted(set(indexes)):
        raise InvalidBbs("indexes")
    if indexes and not 0 <= indexes[0] <= indexes[-1] < total:
        raise InvalidBbs("indexes")
    # 2. the challenge again, from what the answers say the commitments were
    points, scalars = generators(suite, total + 1), message_scalars(suite, disclosed)
    domain_ = domain(suite, public, points, header)
    known = set(indexes)
    hidden = [points[place + 1] for place in range(total) if place not in known]
    t1 = G1Point.multiexp_unchecked([bbar, abar, d], [c, e, r1])
    b = commitment(suite, points, domain_, scalars, [points[place + 1] for place in indexes])
    t2 = G1Point.multiexp_unchecked([b, d, *hidden], [c, r3, *m])
    shown = _Shown(indexes, scalars, [abar, bbar, d, t1, t2], domain_)
    if _challenge(suite, shown, presentation_header) != c:
        raise InvalidBbs("challenge")
    # 3. the key
    if not GT.pairing_check([abar, bbar], [key, -G2Point()]):
        raise InvalidBbs("pairing")
