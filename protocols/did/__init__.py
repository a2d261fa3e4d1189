"""DIDs, DID URLs and DID documents (DID Core 1.0)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from protocols.did import multikey
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jwk as jwks

MAX_DID = 16_384
# Possessive, so that a long name is one step and a wrong one is left at once.
_DID = re.compile(r"did:([a-z0-9]+):((?:[A-Za-z0-9._:-]++|%[0-9A-Fa-f]{2})++)", re.ASCII)
_REST = re.compile(r"(/[^?#\s]*)?(\?[^#\s]*)?(?:#(\S+))?", re.ASCII)


class InvalidDid(ProtocolError):
    """The DID is not of its method's form."""

    code = "invalidDid"


class DidNotFound(ProtocolError):
    """The DID cannot be resolved."""

    code = "notFound"
    status = 404


class DidDeactivated(DidNotFound):
    """The DID was deactivated."""

    code = "deactivated"
    status = 410

    def __init__(self, metadata: Mapping[str, Any]) -> None:
        super().__init__("deactivated")
        self.metadata = metadata


class MethodNotSupported(DidNotFound):
    """DIDs of this method are not resolved here."""

    code = "methodNotSupported"
    status = 501


class FeatureNotSupported(ProtocolError):
    """The DID method does not know this option."""

    code = "featureNotSupported"
    status = 501


@dataclass(frozen=True, slots=True)
class Version:
    """Which version of a document is asked for (DID Resolution, DID Parameters); `number` is did:webvh's own."""

    id: str | None = None
    time: str | None = None
    number: str | None = None

    def __bool__(self) -> bool:
        return any(one is not None for one in (self.id, self.time, self.number))


@dataclass(frozen=True, slots=True)
class DidDocument:
    """A resolved document; `document` as received, plain JSON."""

    id: str
    document: Mapping[str, Any]
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DidUrl:
    """A DID URL taken apart (DID Core 1.0, 3.2); `path` and `query` keep their first character."""

    did: str
    path: str = ""
    query: str = ""
    fragment: str = ""


def parse_did(text: str) -> tuple[str, str]:
    """Method and method-specific identifier of a DID (3.1). Raises InvalidDid."""
    if not isinstance(text, str) or len(text) > MAX_DID:
        raise InvalidDid("not a DID")
    return _parsed(text)


# As with URLs below: a message names the same two DIDs in every layer.
@lru_cache(256)
def _parsed(text: str) -> tuple[str, str]:
    found = _DID.fullmatch(text)
    if found is None or text.endswith(":"):
        raise InvalidDid("not a DID")
    return found[1], found[2]


def parse_did_url(text: str) -> DidUrl:
    """Take an absolute DID URL apart. Raises InvalidDid."""
    if not isinstance(text, str) or len(text) > 2 * MAX_DID:
        raise InvalidDid("not a DID URL")
    return _parsed_url(text)


# An envelope names few keys many times.
@lru_cache(256)
def _parsed_url(text: str) -> DidUrl:
    found = _DID.match(text)
    rest = _REST.fullmatch(text, found.end()) if found else None
    if found is None or rest is None or found[2].endswith(":") or len(found[0]) > MAX_DID:
        raise InvalidDid("not a DID URL")
    return DidUrl(found[0], rest[1] or "", rest[2] or "", rest[3] or "")


def absolute(reference: Any, did: str) -> str:
    """A reference within the document of `did` as an absolute DID URL; empty when it is none (3.2.2)."""
    if not isinstance(reference, str):
        return ""
    return did + reference if reference.startswith("#") else reference


def keys(document: DidDocument, relationship: str) -> dict[str, dict[str, Any]]:
    """Public JWKs by absolute id of the methods in a verification relationship, in the document's order (5.3).

    Methods of another controller and of kinds that we cannot read are left out, never guessed.
    """
    known = dict(_listed(document, "verificationMethod"))
    found: dict[str, dict[str, Any]] = {}
    for method_id, method in _listed(document, relationship):
        material = known.get(method_id, {}) if method is None else method
        if material and material.get("controller") == document.id and method_id not in found:
            try:
                found[method_id] = public_jwk(material)
            except Malformed:
                continue
    return found


def find_key(document: DidDocument, relationship: str, kid: str) -> dict[str, Any] | None:
    """The key that `kid` names in a relationship; in a did:peer also by the key that its fragment spells.

    Agents of other years name the keys of one did:peer differently, and a Multikey names itself.
    """
    found = keys(document, relationship)
    if kid in found or not document.id.startswith("did:peer:"):
        return found.get(kid)
    fragment = kid.removeprefix(f"{document.id}#")
    spelled = [jwk for jwk in found.values() if multikey.encode(jwk) in (fragment, f"z{fragment}")]
    return spelled[0] if len(spelled) == 1 else None


def _listed(document: DidDocument, member: str) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    """Ids with the embedded method, or None for a reference."""
    entries = document.document.get(member)
    for entry in entries if isinstance(entries, list) else ():
        embedded = entry if isinstance(entry, dict) else None
        method_id = absolute(embedded.get("id") if embedded is not None else entry, document.id)
        if method_id.startswith(document.id + "#"):
            yield method_id, embedded


def public_jwk(method: Mapping[str, Any]) -> dict[str, Any]:
    """The public key of one verification method, required members only (5.2.1). Raises Malformed."""
    stated = [name for name in ("publicKeyJwk", "publicKeyMultibase", "publicKeyBase58") if name in method]
    if len(stated) != 1:
        raise Malformed("verification method without one key that we can read")
    material = method[stated[0]]
    if stated[0] == "publicKeyJwk" and isinstance(material, Mapping):
        return jwks.public(material)
    if stated[0] == "publicKeyMultibase" and isinstance(material, str):
        return multikey.decode(material)
    crv = {"Ed25519VerificationKey2018": "Ed25519", "X25519KeyAgreementKey2019": "X25519"}.get(str(method.get("type")))
    if crv is None or not isinstance(material, str):
        raise Malformed("verification method of an unknown type")
    return multikey.from_base58(material, crv)


def services(document: DidDocument, type_: str) -> list[Mapping[str, Any]]:
    """The document's services of a type, in its order (5.4)."""
    entries = document.document.get("service")
    return [
        entry
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict)
        and type_ in (entry["type"] if isinstance(entry.get("type"), list) else [entry.get("type")])
    ]
