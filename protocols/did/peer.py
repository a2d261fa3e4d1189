"""did:peer (Peer DID Method Specification): documents that are in the DID, and short forms of them.

Read tolerantly, as agents of several years write it; made strictly (method 4).
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import base58

from protocols.did import DidDocument, DidNotFound, InvalidDid, multikey, parse_did
from protocols.did.document import InvalidDidDocument, require_lists
from protocols.encoding import parse_b64url, parse_json, parse_json_object, render_json
from protocols.errors import Malformed

_BASE58 = "[1-9A-HJ-NP-Za-km-z]"
_HASHED = re.compile(rf"[13]z{_BASE58}{{46,47}}", re.ASCII)
_LONG = re.compile(rf"4(z{_BASE58}{{46,47}}):(z{_BASE58}+)", re.ASCII)
_SHORT = re.compile(rf"4z{_BASE58}{{46,47}}", re.ASCII)
_CONTEXT = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
_PURPOSES = {
    "A": "assertionMethod",
    "E": "keyAgreement",
    "V": "authentication",
    "I": "capabilityInvocation",
    "D": "capabilityDelegation",
}
_RELATIONSHIPS = tuple(_PURPOSES.values())
_COMMON = {"t": "type", "s": "serviceEndpoint", "r": "routingKeys", "a": "accept"}
_TYPES = {"dm": "DIDCommMessaging"}
_MAX_ELEMENTS = 40
# Decoding base58 costs the square of the length; the hash has been seen to fit by then.
_MAX_LONG = 8192
# A DID spells its document for ever; nobody changes what he was given.
_REMEMBERED = 1024
_JSON = b"\x80\x04"
_MULTIHASH = b"\x12\x20"


@lru_cache(_REMEMBERED)
def document(did: str) -> DidDocument:
    """The document that a DID of method 0, 2 or 4 (long form) spells.

    Raises InvalidDid; DidNotFound for methods 1 and 3 and the short form of 4, whose owner has to show what they mean.
    """
    name = _name(did)
    if name.startswith("0"):
        return _inception_key(did, name[1:])
    if name.startswith("2."):
        return _elements(did, name[2:].split("."))
    if found := _LONG.fullmatch(name):
        return _contextualized(_input(found[1], found[2]), did, f"did:peer:4{found[1]}")
    if _HASHED.fullmatch(name) or _SHORT.fullmatch(name):
        raise DidNotFound("a peer DID that was not shown to us")
    raise InvalidDid("not a did:peer")


def short_forms(did: str) -> tuple[str, ...]:
    """The DIDs that mean the same as one that spells its document: methods 3 of 2, and the short form of 4."""
    name = _name(did)
    if name.startswith("2."):
        return ("did:peer:3" + _hash(name[1:]),)
    found = _LONG.fullmatch(name)
    return (f"did:peer:4{found[1]}",) if found else ()


def short_form(did: str) -> str:
    """The short form of a method 4 DID in its long form; every other text as it is. Two spellings become one."""
    return did.rpartition(":")[0] if did.startswith("did:peer:4z") and did.count(":") == 3 else did


def is_short(did: str) -> bool:
    """Whether it is a form that only who has seen the long one can resolve."""
    method, _, name = did.removeprefix("did:").partition(":")
    return method == "peer" and bool(re.fullmatch(r"3z.+", name) or _SHORT.fullmatch(name))


@lru_cache(_REMEMBERED)
def short_document(short: str, long: str) -> DidDocument:
    """The document of a short form, from the long form that was seen. Raises InvalidDid when they do not fit."""
    if short not in short_forms(long):
        raise InvalidDid("short form of another document")
    name = _name(long)
    if found := _LONG.fullmatch(name):
        return _contextualized(_input(found[1], found[2]), short, long)
    return _elements(short, name[2:].split("."), also=long)


def genesis_document(did: str, stored: bytes) -> DidDocument:
    """The document of a method 1 DID, of the stored variant that its owner sent. Raises InvalidDid."""
    name = _name(did)
    if not name.startswith("1") or not _HASHED.fullmatch(name) or name[1:] != _multihash(stored):
        raise InvalidDid("genesis document of another DID")
    return _checked(did, {**_object(stored), "id": did})


def long_form(input_document: Mapping[str, Any]) -> str:
    """The method 4 DID of an input document. Raises Malformed for one that is not relative to its DID."""
    # A service may lead to a mediator's did:peer; only what the document is made of is relative.
    if "id" in input_document or any(name.startswith("did:peer:") for name in _own_names(input_document)):
        raise Malformed("an input document names no DID of its own")
    encoded = "z" + base58.b58encode(_JSON + render_json(dict(input_document))).decode("ascii")
    if len(encoded) > _MAX_LONG:
        raise Malformed("input document is too large")
    did = f"did:peer:4{_hash(encoded)}:{encoded}"
    document(did)
    return did


def _own_names(input_document: Mapping[str, Any]) -> Iterator[str]:
    """Ids and controllers of what stands in a document, and its references to them."""
    for member in ("verificationMethod", "service", *_RELATIONSHIPS):
        entries = input_document.get(member)
        for entry in entries if isinstance(entries, list) else ():
            found = (entry.get("id"), entry.get("controller")) if isinstance(entry, dict) else (entry,)
            yield from (name for name in found if isinstance(name, str))


def _name(did: str) -> str:
    method, name = parse_did(did)
    if method != "peer":
        raise InvalidDid("not a did:peer")
    return name


def _hash(text: str) -> str:
    return _multihash(text.encode("ascii"))


def _multihash(octets: bytes) -> str:
    return "z" + base58.b58encode(_MULTIHASH + hashlib.sha256(octets).digest()).decode("ascii")


def _object(octets: bytes) -> dict[str, Any]:
    try:
        return parse_json_object(octets)
    except Malformed as error:
        raise InvalidDid(error.detail) from None


# Method 0


def _inception_key(did: str, name: str) -> DidDocument:
    try:
        jwk = multikey.decode(name)
        agreeing = multikey.encode(multikey.x25519_of(jwk)) if jwk.get("crv") == "Ed25519" else name
    except Malformed as error:
        raise InvalidDid(error.detail) from None
    signs = jwk.get("crv") != "X25519"
    agrees = jwk.get("crv") not in ("secp256k1",)
    found: dict[str, Any] = {"@context": list(_CONTEXT), "id": did, "verificationMethod": []}
    for one, used in ((name, signs), (agreeing, agrees and agreeing != name)):
        if used or one == name:
            method = {"id": f"{did}#{one}", "type": "Multikey", "controller": did, "publicKeyMultibase": one}
            found["verificationMethod"].append(method)
    for relationship in _RELATIONSHIPS:
        if relationship == "keyAgreement":
            found |= {relationship: [f"{did}#{agreeing}"]} if agrees else {}
        elif signs:
            found[relationship] = [f"{did}#{name}"]
    return DidDocument(did, found)


# Method 2


def _elements(did: str, elements: list[str], also: str = "") -> DidDocument:
    if len(elements) > _MAX_ELEMENTS:
        raise InvalidDid("too many elements")
    methods: list[dict[str, Any]] = []
    services: list[dict[str, Any]] = []
    found: dict[str, Any] = {"@context": list(_CONTEXT), "id": did, "verificationMethod": methods}
    for element in elements:
        purpose, value = element[:1], element[1:]
        if purpose == "S":
            services.extend(_services(value))
            continue
        _require_key(purpose, value)
        method = {"id": f"#key-{len(methods) + 1}", "controller": did, "type": "Multikey", "publicKeyMultibase": value}
        methods.append(method)
        found.setdefault(_PURPOSES[purpose], []).append(method["id"])
    if services:
        found["service"] = _named(services)
    found["alsoKnownAs"] = [also] if also else list(short_forms(did))
    return _checked(did, found)


def _require_key(purpose: str, value: str) -> None:
    if purpose not in _PURPOSES:
        raise InvalidDid("element of an unknown purpose")
    try:
        multikey.decode(value)
    except Malformed as error:
        raise InvalidDid(error.detail) from None


def _services(encoded: str) -> list[dict[str, Any]]:
    """One service; some agents encode a list of them as one element."""
    try:
        stated = parse_json(parse_b64url(encoded))
    except Malformed as error:
        raise InvalidDid(error.detail) from None
    listed = stated if isinstance(stated, list) else [stated]
    if not all(isinstance(one, dict) for one in listed) or len(listed) > _MAX_ELEMENTS:
        raise InvalidDid("service is no object")
    return [_expanded(one) for one in listed]


def _expanded(stated: Any) -> Any:
    """Abbreviations undone, in names everywhere and in the value of type."""
    if isinstance(stated, list):
        return [_expanded(one) for one in stated]
    if not isinstance(stated, dict):
        return stated
    long = {_COMMON.get(name, name): _expanded(value) for name, value in stated.items()}
    if isinstance(long.get("type"), str):
        long["type"] = _TYPES.get(long["type"], long["type"])
    return long


def _named(services: list[dict[str, Any]]) -> list[dict[str, Any]]:
    unnamed = 0
    for service in services:
        if not isinstance(service.get("id"), str):
            service["id"] = f"#service-{unnamed}" if unnamed else "#service"
            unnamed += 1
    return services


# Method 4


def _input(stated: str, encoded: str) -> dict[str, Any]:
    if len(encoded) > _MAX_LONG:
        raise InvalidDid("too large")
    # The hash first: nothing is decoded that its owner did not commit to.
    if _hash(encoded) != stated:
        raise InvalidDid("hash of the document")
    octets = base58.b58decode(encoded[1:])
    if not octets.startswith(_JSON):
        raise InvalidDid("document is no JSON")
    found = _object(octets[len(_JSON) :])
    if "id" in found:
        raise InvalidDid("input document with an id")
    return found


def _contextualized(found: dict[str, Any], did: str, also: str) -> DidDocument:
    found["id"] = did
    known = found.get("alsoKnownAs")
    found["alsoKnownAs"] = [*(known if isinstance(known, list) else []), also]
    for name in ("verificationMethod", *_RELATIONSHIPS):
        entries = found.get(name)
        for method in entries if isinstance(entries, list) else ():
            if isinstance(method, dict):
                method.setdefault("controller", did)
    return _checked(did, found)


def _checked(did: str, found: dict[str, Any]) -> DidDocument:
    try:
        require_lists(found)
    except InvalidDidDocument as error:
        raise InvalidDid(error.detail) from None
    return DidDocument(did, found)
