"""COSE_Mac0 (RFC 9052, 6.2) with HMAC (RFC 9053, 3.1)."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from protocols.cose.sign1 import ALG, signed_bytes, take_apart
from protocols.errors import ProtocolError
from protocols.jose.jws import AlgorithmNotAllowed

TAG = 17
_HMAC = {5: "sha256", 6: "sha384", 7: "sha512"}


class InvalidMac(ProtocolError):
    """A message authentication code cannot be verified."""

    code: ClassVar[str] = "invalid_mac"


@dataclass(frozen=True, slots=True)
class CoseMac0:
    """A COSE_Mac0 taken apart, nothing of it believed."""

    protected: bytes
    header: Mapping[Any, Any]
    unprotected: Mapping[Any, Any]
    payload: bytes | None
    tag: bytes


def open_mac0(item: Any) -> CoseMac0:
    """Take a COSE_Mac0 apart: decoded, or bytes, tagged or not. Raises InvalidCose, Malformed, AlgorithmNotAllowed."""
    protected, header, unprotected, payload, tag = take_apart(item, TAG)
    if type(header.get(ALG)) is not int or header[ALG] not in _HMAC:
        raise AlgorithmNotAllowed("COSE alg is no HMAC on our list")
    return CoseMac0(protected, header, unprotected, payload, tag)


def verify_mac0(mac0: CoseMac0, key: bytes, detached: bytes | None = None) -> None:
    """Believe the code with this key. Raises InvalidMac, InvalidCose."""
    expected = hmac.digest(key, signed_bytes("MAC0", mac0, detached), _HMAC[mac0.header[ALG]])
    if not hmac.compare_digest(expected, mac0.tag):
        raise InvalidMac("code does not verify")
