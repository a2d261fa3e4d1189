"""Keys and signatures (3.4, 3.5.1, 3.5.2, 3.6.1, 3.6.2)."""

from collections.abc import Sequence

from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from protocols.bbs.ciphersuites import (
    SHA256,
    Ciphersuite,
    base_point,
    generators,
    hash_to_scalar,
    message_scalars,
)
from protocols.errors import ProtocolError

MAX_MESSAGES = 10_000


class InvalidBbs(ProtocolError):
    """A BBS key, signature or proof is not valid."""

    code = "invalid_signature"


def key_gen(key_material: bytes, key_info: bytes = b"", suite: Ciphersuite = SHA256) -> bytes:
    """The secret key of at least 32 bytes of secret randomness (3.4.1)."""
    if len(key_material) < 32:
        raise InvalidBbs("key material")
    octets = key_material + len(key_info).to_bytes(2) + key_info
    return bytes(hash_to_scalar(suite, octets, suite.id + b"H2G_HM2S_KEYGEN_DST_").to_be_bytes())


def public_key(secret: bytes) -> bytes:
    """The public key, a compressed point of G2 (3.4.2)."""
    return bytes((G2Point() * Scalar.from_be_bytes(secret)).to_compressed_bytes())


def require_public_key(octets: bytes) -> G2Point:
    """The point of a public key: in the subgroup, and not the identity (4.2.4.6). Raises InvalidBbs."""
    try:
        found = G2Point.from_compressed_bytes(octets)
    except ValueError:
        raise InvalidBbs("public key") from None
    if len(octets) != 96 or found == G2Point.identity():
        raise InvalidBbs("public key")
    return found


def domain(suite: Ciphersuite, public: bytes, points: Sequence[G1Point], header: bytes) -> Scalar:
    """calculate_domain (4.2.3): key, generators and header in one number."""
    octets = (len(points) - 1).to_bytes(8) + b"".join(bytes(one.to_compressed_bytes()) for one in points) + suite.api
    return hash_to_scalar(suite, public + octets + len(header).to_bytes(8) + header, suite.api + b"H2S_")


def commitment(
    suite: Ciphersuite, points: Sequence[G1Point], domain_: Scalar, scalars: Sequence[Scalar], used: Sequence[G1Point]
) -> G1Point:
    """P1 + Q_1 * domain + the sum of generators times messages."""
    one = Scalar.from_be_bytes((1).to_bytes(32))
    return G1Point.multiexp_unchecked([base_point(suite), points[0], *used], [one, domain_, *scalars])


def sign(secret: bytes, public: bytes, header: bytes, messages: Sequence[bytes], suite: Ciphersuite = SHA256) -> bytes:
    """The signature of 80 bytes; the same for the same messages."""
    points, scalars = generators(suite, len(messages) + 1), message_scalars(suite, messages)
    domain_ = domain(suite, public, points, header)
    bound = b"".join(bytes(one.to_be_bytes()) for one in [*scalars, domain_])
    e = hash_to_scalar(suite, secret + bound, suite.api + b"H2S_")
    key = Scalar.from_be_bytes(secret) + e
    if key.is_zero():
        raise InvalidBbs("key")
    point = commitment(suite, points, domain_, scalars, points[1:]) * key.inverse()
    return bytes(point.to_compressed_bytes()) + bytes(e.to_be_bytes())


def verify(
    public: bytes, signature: bytes, header: bytes, messages: Sequence[bytes], suite: Ciphersuite = SHA256
) -> None:
    """Raises InvalidBbs."""
    key, (a, e) = require_public_key(public), parse_signature(signature)
    if len(messages) > MAX_MESSAGES:
        raise InvalidBbs("messages")
    points, scalars = generators(suite, len(messages) + 1), message_scalars(suite, messages)
    b = commitment(suite, points, domain(suite, public, points, header), scalars, points[1:])
    if not GT.pairing_check([a, b], [key + G2Point() * e, -G2Point()]):
        raise InvalidBbs("signature")


def parse_signature(octets: bytes) -> tuple[G1Point, Scalar]:
    """A and e (4.2.4.3). Raises InvalidBbs."""
    if len(octets) != 80:
        raise InvalidBbs("signature")
    return point_of(octets[:48]), scalar_of(octets[48:])


def point_of(octets: bytes) -> G1Point:
    """A point of the subgroup G1 that is not the identity. Raises InvalidBbs."""
    try:
        found = G1Point.from_compressed_bytes(octets)
    except ValueError:
        raise InvalidBbs("point") from None
    if found == G1Point.identity():
        raise InvalidBbs("identity")
    return found


def scalar_of(octets: bytes) -> Scalar:
    """A scalar from 1 to the order. Raises InvalidBbs."""
    try:
        found = Scalar.from_be_bytes(octets)
    except ValueError:
        raise InvalidBbs("scalar") from None
    if found.is_zero():
        raise InvalidBbs("scalar")
    return found
