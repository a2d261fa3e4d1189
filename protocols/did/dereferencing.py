"""From a document to what a DID URL points at (DID Resolution, DID URL Dereferencing Algorithm)."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from protocols.did import DidDocument, DidNotFound, DidUrl, absolute
from protocols.did.parameters import InvalidDidUrl, parameters
from protocols.did.webvh import document as webvh
from protocols.did.webvh.identifier import parse
from protocols.errors import ProtocolError

URI_LIST = "text/uri-list"
_RELATIONSHIPS = (
    "authentication",
    "assertionMethod",
    "keyAgreement",
    "capabilityInvocation",
    "capabilityDelegation",
)


class InvalidVerificationMethod(ProtocolError):
    """The fragment is of no verification method."""

    code = "invalidVerificationMethod"
    status = 500


class InvalidRelationship(ProtocolError):
    """The verification method is not in that relationship."""

    code = "invalidRelationshipForVerificationMethod"
    status = 500


class RepresentationNotSupported(ProtocolError):
    """What was asked for is not to be had in that representation."""

    code = "representationNotSupported"
    status = 406


def endpoints(document: DidDocument, url: DidUrl) -> list[str] | None:
    """The addresses that a path or the parameters of services select; None when the URL selects no service.

    Raises DidNotFound, InvalidDidUrl for a relativeRef that climbs or leaves.
    """
    if url.path:
        return [_at_path(document, url)]
    asked = parameters(url.query)
    if not {"service", "serviceType"} & asked.keys():
        if "relativeRef" in asked:
            raise InvalidDidUrl("relativeRef without a service")
        return None
    addresses = [text for service in selected(document, asked) for text in _texts(service.get("serviceEndpoint"))]
    if "relativeRef" in asked:
        _require_below(asked["relativeRef"])
        addresses = [urljoin(one, asked["relativeRef"]) for one in addresses]
    if not addresses:
        raise DidNotFound("no such service")
    return [_with_fragment(one, url.fragment) for one in addresses]


def selected(document: DidDocument, asked: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """The services that `service` (id, or its fragment) and `serviceType` select."""
    named = asked.get("service")
    wanted = {f"{document.id}#{named.removeprefix('#')}", named} if named is not None else None
    return [
        service
        for service in _services(document)
        if (wanted is None or absolute(service.get("id"), document.id) in wanted)
        and ("serviceType" not in asked or asked["serviceType"] in _texts(service.get("type")))
    ]


def secondary(document: DidDocument, fragment: str, relationship: str | None) -> Mapping[str, Any]:
    """The verification method or service that a fragment names. Raises DidNotFound, or that it does not fit."""
    wanted = f"{document.id}#{fragment}"
    methods = {absolute(one.get("id"), document.id): one for one in _objects(document, "verificationMethod")}
    for name in _RELATIONSHIPS:
        for one in _objects(document, name):
            methods.setdefault(absolute(one.get("id"), document.id), one)
    found = methods.get(wanted)
    if relationship is not None:
        if found is None:
            raise InvalidVerificationMethod()
        if relationship not in _RELATIONSHIPS or wanted not in _members(document, relationship):
            raise InvalidRelationship()
    if found is None:
        named = [one for one in _services(document) if absolute(one.get("id"), document.id) == wanted]
        if not named:
            raise DidNotFound("no such fragment")
        found = named[0]
    return found


def expanded(document: DidDocument) -> dict[str, Any]:
    """The document with absolute DID URLs where it has relative ones (expandRelativeUrls)."""
    found = dict(document.document)
    for name in ("verificationMethod", "service", *_RELATIONSHIPS):
        entries = found.get(name)
        if isinstance(entries, list):
            found[name] = [_expanded(one, document.id) for one in entries]
    return found


def _expanded(entry: Any, did: str) -> Any:
    if isinstance(entry, dict) and "id" in entry:
        return {**entry, "id": absolute(entry["id"], did)}
    return absolute(entry, did) if isinstance(entry, str) else entry


def _at_path(document: DidDocument, url: DidUrl) -> str:
    """did:webvh's own: /whois, and files below the place of the DID; other methods know no paths."""
    if not document.id.startswith("did:webvh:") or url.query:
        raise DidNotFound("the method knows no paths")
    fragment = "#whois" if url.path == "/whois" else "#files"
    service = next(one for one in _services(document) if absolute(one["id"], document.id) == document.id + fragment)
    addresses = _texts(service.get("serviceEndpoint"))
    if not addresses or urlsplit(addresses[0]).scheme not in ("http", "https"):
        raise DidNotFound("no address of that service")
    if fragment == "#whois":
        return _with_fragment(addresses[0], url.fragment)
    _require_below(url.path.removeprefix("/"))
    return _with_fragment(addresses[0].rstrip("/") + url.path, url.fragment)


def _require_below(reference: str) -> None:
    """No other host, and no climbing, in any spelling (DID Resolution, Path Traversal via relativeRef)."""
    parts = urlsplit(reference)
    plain = unquote(unquote(parts.path))
    if parts.scheme or parts.netloc or "\\" in plain or ".." in plain.split("/") or plain.startswith("//"):
        raise InvalidDidUrl("reference leaves its place")


def _with_fragment(address: str, fragment: str) -> str:
    if fragment and "#" in address:
        raise InvalidDidUrl("two fragments")
    return f"{address}#{fragment}" if fragment else address


def _services(document: DidDocument) -> Sequence[Mapping[str, Any]]:
    if document.id.startswith("did:webvh:"):
        return [one for one in webvh.services(document.document, parse(document.id)) if isinstance(one.get("id"), str)]
    return _objects(document, "service")


def _objects(document: DidDocument, member: str) -> list[Mapping[str, Any]]:
    entries = document.document.get(member)
    return [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []


def _members(document: DidDocument, relationship: str) -> set[str]:
    entries = document.document.get(relationship)
    listed = entries if isinstance(entries, list) else []
    return {absolute(one.get("id") if isinstance(one, dict) else one, document.id) for one in listed}


def _texts(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
