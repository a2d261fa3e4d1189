"""The HTTP(S) binding of a DID resolver (DID Resolution, Bindings; Errors)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from protocols.did import DidUrl, parse_did, parse_did_url
from protocols.did.dereferencing import URI_LIST, RepresentationNotSupported
from protocols.did.parameters import InvalidDidUrl, InvalidOptions, parameters
from protocols.encoding import render_json
from protocols.errors import ProtocolError
from protocols.http import NO_STORE, Call, Reply

RESOLUTION, DEREFERENCING, DOCUMENT = (
    "application/did-resolution",
    "application/did-url-dereferencing",
    "application/did",
)
_WHOLE = {"application/json": RESOLUTION, "application/ld+json": RESOLUTION, "*/*": "", "application/*": ""}
_ALONE = {DOCUMENT, "application/did+json", "application/did+ld+json"}
_ERRORS = "https://www.w3.org/ns/did#"
_TYPES = {
    "invalidDid": ("INVALID_DID", 400),
    "invalidDidUrl": ("INVALID_DID_URL", 400),
    "invalidOptions": ("INVALID_OPTIONS", 400),
    "notFound": ("NOT_FOUND", 404),
    "representationNotSupported": ("REPRESENTATION_NOT_SUPPORTED", 406),
    "invalidDidDocument": ("INVALID_DID_DOCUMENT", 500),
    "methodNotSupported": ("METHOD_NOT_SUPPORTED", 501),
    "featureNotSupported": ("FEATURE_NOT_SUPPORTED", 501),
    "invalidVerificationMethod": ("INVALID_VERIFICATION_METHOD", 500),
    "invalidRelationshipForVerificationMethod": ("INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD", 500),
}
_IN_URL = frozenset({"service", "serviceType", "relativeRef"})
_OPTIONS = frozenset(
    {"versionId", "versionTime", "versionNumber", "expandRelativeUrls", "verificationRelationship", *_IN_URL}
)


@dataclass(frozen=True, slots=True)
class ResolutionRequest:
    """A DID or DID URL with the options beside it, and the media type that is wanted; or what is wrong with it."""

    url: DidUrl | None
    options: Mapping[str, str] = field(default_factory=dict)
    accept: str = RESOLUTION
    fault: ProtocolError | None = None


@dataclass(frozen=True, slots=True)
class ResolutionResult:
    """What came of it: the content with its media type and the document's metadata; or an error."""

    accept: str
    content: Any = None
    content_type: str = DOCUMENT
    metadata: Mapping[str, Any] = field(default_factory=dict)
    error: ProtocolError | None = None


class UnknownOption(ProtocolError):
    """The resolver does not know one of the options."""

    code = "featureNotSupported"


def parse(call: Call) -> ResolutionRequest:
    """Never raises: a fault is answered in the binding's own form."""
    identifier = call.path.get("did", "")
    try:
        accept = _accept(call)
        url = _url(identifier)
        options = _options(url, call.query)
    except ProtocolError as error:
        return ResolutionRequest(None, accept=_fallback(identifier), fault=error)
    bare = not (url.path or url.query or url.fragment or _IN_URL & options.keys())
    whole = RESOLUTION if bare else DEREFERENCING
    return ResolutionRequest(_with(url, options), options, accept if accept not in ("", RESOLUTION) else whole)


def _accept(call: Call) -> str:
    wanted = call.accepted("accept")
    if not wanted:
        return ""
    for one in wanted:
        if one in _WHOLE:
            return _WHOLE[one]
        if one in _ALONE or one in (RESOLUTION, DEREFERENCING, URI_LIST):
            return one
    raise RepresentationNotSupported("accept")


def _fallback(identifier: str) -> str:
    return DEREFERENCING if {"?", "#", "/"} & set(identifier) else RESOLUTION


def _url(identifier: str) -> DidUrl:
    """The DID URL; clients escape it once more when options follow."""
    text = unquote(identifier) if identifier.lower().startswith("did%3a") else identifier
    if not {"?", "#", "/"} & set(text):
        parse_did(text)
    try:
        return parse_did_url(text)
    except ProtocolError as error:
        raise InvalidDidUrl(error.detail) if {"?", "#", "/"} & set(text) else error from None


def _options(url: DidUrl, query: str) -> dict[str, str]:
    beside, inside = parameters(query), parameters(url.query)
    if beside.keys() & inside.keys():
        raise InvalidOptions("an option twice")
    if not beside.keys() | inside.keys() <= _OPTIONS:
        raise UnknownOption(", ".join(sorted((beside.keys() | inside.keys()) - _OPTIONS))[:200])
    if beside.get("expandRelativeUrls", "true") not in ("true", "false"):
        raise InvalidOptions("expandRelativeUrls is no boolean")
    return {**beside, **inside}


def _with(url: DidUrl, options: Mapping[str, str]) -> DidUrl:
    """The parameters of services count wherever they stand."""
    if url.query or not _IN_URL & options.keys():
        return url
    query = "&".join(f"{name}={_escaped(value)}" for name, value in options.items() if name in _IN_URL)
    return DidUrl(url.did, url.path, f"?{query}", url.fragment)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("&", "%26").replace("+", "%2B").replace("#", "%23")


def render(result: ResolutionResult) -> Reply:
    """The result, or the content alone when that was asked for and there is some."""
    if result.error is not None:
        type_, status = _TYPES.get(result.error.code, ("INTERNAL_ERROR", 500))
        error = {"type": _ERRORS + type_, "title": result.error.description}
        return _whole(result, {"error": error}, status)
    if result.metadata.get("deactivated") is True:
        return _whole(result, {}, 410)
    if result.content_type == URI_LIST and result.accept == URI_LIST:
        return Reply(303, headers={**NO_STORE, "Location": result.content[0]})
    if result.accept in (RESOLUTION, DEREFERENCING):
        return _whole(result, {"contentType": result.content_type}, 200)
    return Reply(200, render_json(result.content), result.accept, _HEADERS)


_HEADERS = {**NO_STORE, "Access-Control-Allow-Origin": "*"}


def _whole(result: ResolutionResult, metadata: Mapping[str, Any], status: int) -> Reply:
    dereferenced = result.accept in (DEREFERENCING, URI_LIST)
    names = (
        ("content", "dereferencingMetadata", "contentMetadata")
        if dereferenced
        else ("didDocument", "didResolutionMetadata", "didDocumentMetadata")
    )
    body = dict(zip(names, (result.content, metadata, dict(result.metadata)), strict=True))
    return Reply(status, render_json(body), DEREFERENCING if dereferenced else RESOLUTION, _HEADERS)
