"""Resolving a DID, or dereferencing a DID URL, for somebody who asks (DID Resolution)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agent.scope import Scope
from protocols.did import DidDeactivated, DidDocument, DidUrl, MethodNotSupported, dereferencing, parse_did
from protocols.did.dereferencing import URI_LIST, RepresentationNotSupported
from protocols.did.parameters import parameters, version
from protocols.did.resolution import DOCUMENT, ResolutionRequest, ResolutionResult
from protocols.errors import ProtocolError

Methods = Mapping[str, Any]


def resolver(methods: Callable[[], Methods]) -> Callable[[ResolutionRequest], Awaitable[ResolutionResult]]:
    """The operation of a server's own route, which is no tenant's."""

    async def operate(request: ResolutionRequest) -> ResolutionResult:
        return await _resolve(methods(), request)

    return operate


async def resolve_did(scope: Scope, request: ResolutionRequest) -> ResolutionResult:
    """The same for who has a key of the admin API."""
    return await _resolve(scope.plugins["did_methods"], request)


async def _resolve(methods: Methods, request: ResolutionRequest) -> ResolutionResult:
    try:
        if request.fault or request.url is None:
            raise request.fault or MethodNotSupported("nothing was asked")
        document = await _document(methods, request.url.did, request.options)
        return _content(document, request.url, request)
    except DidDeactivated as error:
        return ResolutionResult(request.accept, metadata=error.metadata)
    except ProtocolError as error:
        return ResolutionResult(request.accept, error=error)


async def _document(methods: Methods, did: str, options: Mapping[str, str]) -> DidDocument:
    name, _ = parse_did(did)
    method = methods.get(name)
    if method is None:
        raise MethodNotSupported(name)
    asked = version(options)
    found: DidDocument = await (method.resolve_version(did, asked) if asked else method.resolve(did))
    return found


def _content(document: DidDocument, url: DidUrl, request: ResolutionRequest) -> ResolutionResult:
    whole = dereferencing.expanded(document) if request.options.get("expandRelativeUrls") == "true" else None
    shown: Mapping[str, Any] = document.document if whole is None else whole
    addresses = dereferencing.endpoints(document, url)
    if addresses is not None:
        if request.accept == URI_LIST or url.path or "relativeRef" in parameters(url.query):
            return ResolutionResult(request.accept, addresses, URI_LIST, document.metadata)
        chosen = dereferencing.selected(document, parameters(url.query))
        return ResolutionResult(request.accept, {**shown, "service": chosen}, DOCUMENT, document.metadata)
    if request.accept == URI_LIST:
        raise RepresentationNotSupported("no service was asked for")
    if url.fragment:
        relationship = request.options.get("verificationRelationship")
        shown = dereferencing.secondary(document, url.fragment, relationship)
    return ResolutionResult(request.accept, shown, DOCUMENT, document.metadata)
