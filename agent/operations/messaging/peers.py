"""Resolving the DIDs of peers."""

from collections.abc import Mapping
from typing import Any

from agent.scope import Scope
from protocols import did as dids
from protocols.did import DidDocument, DidNotFound, parse_did, parse_did_url

_SECONDS = 60.0


async def resolve(scope: Scope, did: str) -> DidDocument:
    """The peer's document, not older than a minute. Raises InvalidDid, DidNotFound."""
    method, _ = parse_did(did)
    resolver = scope.plugins["did_methods"].get(method)
    if resolver is None:
        raise DidNotFound(f"method {method}")

    async def fill() -> DidDocument:
        found: DidDocument = await resolver.resolve(did)
        return found

    document: DidDocument = await scope.cache.get("did_document", did, fill, _SECONDS)
    return document


async def key_of(scope: Scope, kid: str, relationship: str) -> Mapping[str, Any]:
    """The public JWK behind a DID URL, if its document lists it in the relationship. Raises DidNotFound."""
    document = await resolve(scope, parse_did_url(kid).did)
    jwk = dids.keys(document, relationship).get(kid)
    if jwk is None:
        raise DidNotFound("no such key in the relationship")
    return jwk
