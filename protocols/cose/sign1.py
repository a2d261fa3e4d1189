"""COSE_Sign1 (RFC 9052, 4.2): prepare -> a key store signs -> seal, and open -> verify with a key from elsewhere.

The algorithm stands in the protected header or nowhere; keys and certificates in headers are never used here.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from protocols.cose import algorithms
from protocols.cose.cbor import Tag, decode, encode
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jwk as jwks
from protocols.jose.jws import AlgorithmNotAllowed, InvalidSignature

ALG, CRIT, CONTENT_TYPE, KID, TYP, X5CHAIN = 1, 2, 3, 4, 16, 33
TAG = 18


class InvalidCose(ProtocolError):
    """The COSE structure is not valid."""

    code: ClassVar[str] = "invalid_cose"


@dataclass(frozen=True, slots=True)
class CoseSign1:
    """A COSE_Sign1 taken apart, nothing of it believed. `protected` and `payload` are the bytes as received."""

    protected: bytes
    header: Mapping[Any, Any]
    unprotected: Mapping[Any, Any]
    payload: bytes | None
    signature: bytes


@dataclass(frozen=True, slots=True)
class PreparedSign1:
    """`payload` is what the key store signs; `content` None when the payload travels elsewhere."""

    payload: bytes
    protected: bytes
    unprotected: Mapping[Any, Any]
    content: bytes | None


def prepare(
    content: bytes,
    algorithm: str,
    *,
    protected: Mapping[Any, Any] | None = None,
    unprotected: Mapping[Any, Any] | None = None,
    detached: bool = False,
) -> PreparedSign1:
    """The Sig_structure of new content under the JWS `algorithm` (RFC 9052, 4.4)."""
    header = encode({ALG: algorithms.identifier(algorithm), **(protected or {})})
    return PreparedSign1(
        _structure("Signature1", header, content), header, unprotected or {}, None if detached else content
    )


def seal(prepared: PreparedSign1, signature: bytes) -> list[Any]:
    """The untagged COSE_Sign1 as an item for `encode`; `Tag(TAG, item)` is its tagged form."""
    return [prepared.protected, dict(prepared.unprotected), prepared.content, signature]


def open_sign1(item: Any) -> CoseSign1:
    """Take a COSE_Sign1 apart: decoded, or bytes, tagged or not. Raises InvalidCose, Malformed, AlgorithmNotAllowed."""
    protected, header, unprotected, payload, signature = take_apart(item, TAG)
    algorithms.name(header.get(ALG))
    return CoseSign1(protected, header, unprotected, payload, signature)


def verify(sign1: CoseSign1, jwk: jwks.Jwk, allowed: Container[int], detached: bytes | None = None) -> None:
    """Believe the signature with this key (RFC 9052, 4.4). Raises InvalidSignature, InvalidCose."""
    stated = sign1.header[ALG]
    if stated not in allowed:
        raise AlgorithmNotAllowed("COSE alg is not allowed here")
    name = algorithms.name(stated)
    if name not in jwks.signs_with(jwk):
        raise AlgorithmNotAllowed("COSE alg does not fit the key")
    if not jwks.verify_signature(jwk, name, signed_bytes("Signature1", sign1, detached), sign1.signature):
        raise InvalidSignature("signature does not verify")


def take_apart(item: Any, tag: int) -> tuple[bytes, Mapping[Any, Any], Mapping[Any, Any], bytes | None, bytes]:
    """The four members of COSE_Sign1 and COSE_Mac0, the protected header read too. Raises InvalidCose, Malformed."""
    if isinstance(item, bytes):
        item = decode(item)
    if isinstance(item, Tag) and item.tag == tag:
        item = item.value
    # What stands inside a tag is read as a tuple and a frozen map.
    if not isinstance(item, list | tuple) or len(item) != 4:
        raise InvalidCose("not an array of four")
    protected, unprotected, payload, proof = item
    if not isinstance(protected, bytes) or not isinstance(unprotected, Mapping) or not isinstance(proof, bytes):
        raise InvalidCose("a member of the wrong kind")
    if payload is not None and not isinstance(payload, bytes):
        raise InvalidCose("payload is no byte string")
    return protected, _header(protected, unprotected), unprotected, payload, proof


def _header(protected: bytes, unprotected: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """The protected header. What stands in both is refused (RFC 9052, 3), and so is an alg outside of it."""
    header = _protected(protected) if len(protected) <= 64 else _read(protected)
    if not header.keys().isdisjoint(unprotected):
        raise InvalidCose("a label in both headers")
    if ALG in unprotected or CRIT in unprotected:
        raise InvalidCose("a label that must be protected")
    if CRIT in header:
        raise InvalidCose("an extension that we do not understand")
    return header


def _read(protected: bytes) -> Mapping[Any, Any]:
    header = decode(protected) if protected else {}
    if not isinstance(header, dict):
        raise InvalidCose("protected header is no map")
    return header


# Most are one of a few: an algorithm and nothing else.
_protected = lru_cache(maxsize=256)(_read)


def signed_bytes(context: str, opened: Any, detached: bytes | None) -> bytes:
    """The Sig_structure or MAC_structure of what was received. Raises InvalidCose when there is no one payload."""
    if (opened.payload is None) == (detached is None):
        raise InvalidCose("a payload must be there once")
    return _structure(context, opened.protected, detached if opened.payload is None else opened.payload)


def _structure(context: str, protected: bytes, content: bytes | None) -> bytes:
    return encode([context, protected, b"", content])


def x5chain(opened: CoseSign1) -> list[bytes]:
    """The DER certificates of either header, leaf first (RFC 9360, 2). Raises Malformed; says nothing of trust."""
    found = opened.header.get(X5CHAIN, opened.unprotected.get(X5CHAIN))
    chain = [found] if isinstance(found, bytes) else found
    if not isinstance(chain, list) or not chain or not all(isinstance(one, bytes) for one in chain):
        raise Malformed("x5chain")
    return chain
