"""Resolving the DIDs of peers."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from agent.scope import Scope
from agent.tenancy import uuid7
from protocols import did as dids
from protocols.did import DidDocument, DidNotFound, MethodNotSupported, parse_did, parse_did_url, peer

_SECONDS = 3600.0


async def resolve(scope: Scope, did: str) -> DidDocument:
    """The peer's document. Raises InvalidDid, DidNotFound.

    A long did:peer is kept, as its short form comes next, to whichever process.
    """
    method, _ = parse_did(did)
    resolver = scope.plugins["did_methods"].get(method)
    if resolver is None:
        raise MethodNotSupported(f"method {method}")
    if peer.is_short(did):
        return await _short(scope, did)
    document: DidDocument = await resolver.resolve(did)
    for short in peer.short_forms(did) if method == "peer" else ():
        await _remember(scope, short, did)
    return document


async def _short(scope: Scope, did: str) -> DidDocument:
    async with scope.unit() as unit:
        long: str | None = await unit.dids.long_form(did)
    if long is None:
        raise DidNotFound("a peer DID that was not shown to us")
    return peer.short_document(did, long)


async def _remember(scope: Scope, short: str, long: str) -> None:
    """Once in a while for each process; the row is there for good."""

    async def fill() -> bool:
        async with scope.unit() as unit:
            await unit.dids.remember(uuid7(scope.now(), scope.entropy(10)), short, long)
            await unit.commit()
        return True

    await scope.cache.get("peer_did", short, fill, _SECONDS)


async def key_of(scope: Scope, kid: str, relationship: str) -> Mapping[str, Any]:
    """The public JWK behind a DID URL, if its document lists it in the relationship. Raises DidNotFound."""
    did = parse_did_url(kid).did
    document = await resolve(scope, did)
    jwk = _spelled(did, relationship, kid) if _spells(did) else dids.find_key(document, relationship, kid)
    if jwk is None:
        raise DidNotFound("no such key in the relationship")
    return jwk


def _spells(did: str) -> bool:
    """Whether the DID is its document's text: what it lists is the same for ever."""
    return did.startswith("did:peer:4z") and not peer.is_short(did)


@lru_cache(2048)
def _spelled(did: str, relationship: str, kid: str) -> Mapping[str, Any] | None:
    return dids.find_key(peer.document(did), relationship, kid)
