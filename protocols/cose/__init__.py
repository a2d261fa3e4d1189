"""COSE and the CBOR below it (RFC 9052, 9053, 8949): read within bounds, verified with OpenSSL, signed elsewhere."""

from protocols.cose.algorithms import ALGORITHMS, identifier, name
from protocols.cose.cbor import InvalidCbor, Tag, decode, encode
from protocols.cose.key import from_jwk, to_jwk
from protocols.cose.mac0 import CoseMac0, open_mac0, verify_mac0
from protocols.cose.sign1 import CoseSign1, InvalidCose, PreparedSign1, open_sign1, prepare, seal, verify

__all__ = [
    "ALGORITHMS",
    "CoseMac0",
    "CoseSign1",
    "InvalidCbor",
    "InvalidCose",
    "PreparedSign1",
    "Tag",
    "decode",
    "encode",
    "from_jwk",
    "identifier",
    "name",
    "open_mac0",
    "open_sign1",
    "prepare",
    "seal",
    "to_jwk",
    "verify",
    "verify_mac0",
]
