"""JSON Web Signature, compact serialization (RFC 7515): taken apart strictly, verified with a key from elsewhere.

Keys in headers (`jwk`, `jku`, `x5u`, `x5c`) are never used here: a caller may follow one only after believing it.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from protocols.encoding import b64url, parse_b64url, parse_json_object, render_json
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jwk as jwks

MAX_HEADER = 65_536
_KEPT = 8_192


class InvalidSignature(ProtocolError):
    """A signature cannot be verified."""

    code: ClassVar[str] = "invalid_signature"


class AlgorithmNotAllowed(InvalidSignature):
    """The signature algorithm is not acceptable."""


@dataclass(frozen=True, slots=True)
class CompactJws:
    """A JWS taken apart, nothing of it believed."""

    header: Mapping[str, Any]
    payload: bytes
    signing_input: bytes
    signature: bytes


def parse(token: str) -> CompactJws:
    """Take a compact JWS apart. Raises Malformed, and AlgorithmNotAllowed for `none`, HS* and anything unknown."""
    if not isinstance(token, str) or not token.isascii():
        raise Malformed("not a compact JWS")
    parts = token.split(".", 3)
    if len(parts) != 3:
        raise Malformed("not a compact JWS")
    protected, payload, signature = parts
    header = parse_header(protected)
    return CompactJws(
        header, parse_b64url(payload), token[: len(protected) + len(payload) + 1].encode(), parse_b64url(signature)
    )


def parse_header(protected: str) -> Mapping[str, Any]:
    """The protected header: an object without crit or b64, with an asymmetric alg (RFC 7515, 4.1; RFC 7797, 7).

    Whoever signs writes the same header again and again: it is read once, and not to be changed.
    """
    if len(protected) > MAX_HEADER:
        raise Malformed("JOSE header too large")
    return _known_header(protected) if len(protected) <= _KEPT else _read_header(protected)


def _read_header(protected: str) -> Mapping[str, Any]:
    header = parse_json_object(parse_b64url(protected))
    if "crit" in header or "b64" in header:
        raise Malformed("JOSE header with an extension we do not understand")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in jwks.ALGORITHMS:
        raise AlgorithmNotAllowed("alg is not on our list")
    for name in ("typ", "kid", "cty"):
        if not isinstance(header.get(name, ""), str):
            raise Malformed(f"JOSE header {name} is no string")
    return header


_known_header = lru_cache(maxsize=256)(_read_header)


def signing_input(header: Mapping[str, Any], payload: bytes) -> bytes:
    """What a key store signs (RFC 7515, 5.1)."""
    return f"{b64url(render_json(header))}.{b64url(payload)}".encode()


def seal(signing_input: bytes, signature: bytes) -> str:
    """The compact JWS of a signing input and its raw signature."""
    return f"{signing_input.decode('ascii')}.{b64url(signature)}"


def verify(jws: CompactJws, jwk: jwks.Jwk, algorithms: Container[str]) -> None:
    """Believe the signature with this key, or raise InvalidSignature (RFC 7515, 5.2; RFC 8725, 3.1)."""
    algorithm = jws.header["alg"]
    if algorithm not in algorithms:
        raise AlgorithmNotAllowed(f"{algorithm} is not allowed here")
    if algorithm not in jwks.signs_with(jwk):
        raise AlgorithmNotAllowed(f"{algorithm} does not fit the key")
    if not jwks.verify_signature(jwk, algorithm, jws.signing_input, jws.signature):
        raise InvalidSignature("signature does not verify")
