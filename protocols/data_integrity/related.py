"""Digests of related resources (VCDM 2.0, 5.3; VC Data Integrity 1.0, 2.6), of what is here: nothing is fetched."""

import hashlib
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import base58

from protocols.encoding import parse_b64url
from protocols.errors import Malformed, ProtocolError
from protocols.json_ld import contexts
from protocols.vcdm.form import objects_of

_MULTIHASH = {b"\x12\x20": "sha256", b"\x20\x30": "sha384"}


class RelatedResourceDiffers(ProtocolError):
    """A related resource has another digest than the issuer says."""

    code = "MALFORMED_VALUE_ERROR"


def require_related(document: Mapping[str, Any]) -> None:
    """Raises RelatedResourceDiffers for a bundled context whose digest is stated otherwise."""
    for one in objects_of(document, "relatedResource"):
        body = contexts.octets(one["id"])
        if body is not None:
            require_digest(one, body)


def require_digest(named: Mapping[str, Any], body: bytes) -> None:
    """Raises RelatedResourceDiffers where an object that names a resource states another digest of it."""
    sri, multibase = named.get("digestSRI"), named.get("digestMultibase")
    if sri is not None and not (isinstance(sri, str) and any(_sri(text, body) for text in sri.split())):
        raise RelatedResourceDiffers("digestSRI")
    if multibase is not None and not (isinstance(multibase, str) and _multibase(multibase, body)):
        raise RelatedResourceDiffers("digestMultibase")


def _sri(text: str, body: bytes) -> bool:
    name, _, encoded = text.partition("-")
    try:
        return b64decode(encoded, altchars=None, validate=True) == hashlib.new(name, body).digest()
    except ValueError:
        return False


def _multibase(text: str, body: bytes) -> bool:
    """Of a multihash, or of a bare SHA-256 or SHA-384, as the specification's examples have it."""
    try:
        value = base58.b58decode(text[1:100]) if text[:1] == "z" else parse_b64url(text[1:100])
    except (ValueError, Malformed):
        return False
    if value[:2] in _MULTIHASH and len(value) in (34, 50):
        return value[2:] == hashlib.new(_MULTIHASH[value[:2]], body).digest()
    return value in (hashlib.sha256(body).digest(), hashlib.sha384(body).digest())
