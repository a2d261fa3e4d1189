"""Who a tenant is in DIDComm, with keys that stay in the key store: did:web at its own base URL in public, and a
did:peer of its own for each relationship."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from agent.keyring import Keyring
from agent.scope import Scope, SigningKey
from agent.scope.connections import OwnDid, OwnKey
from agent.scope.messaging import Identity
from agent.tenancy import uuid7
from protocols.did import DidDocument, DidNotFound, peer
from protocols.encoding import b64url
from protocols.jose.jwk import thumbprint

AUTHENTICATION, AGREEMENT = "didcomm_authentication", "didcomm_agreement"
# What is wanted, best first; a store without X25519 still gives the curves of NIST.
_SIGNING = ("EdDSA", "ES256")
_AGREEING = ("ECDH-ES+X25519", "ECDH-ES+P-256", "ECDH-ES+P-384")
VERSION_1 = "EdDSA+X25519"
_OWN_SECONDS = 300.0
_RELATIONSHIPS = {
    AUTHENTICATION: ("authentication",),
    AGREEMENT: ("keyAgreement",),
    "issuer": ("assertionMethod",),
    "assertion": ("assertionMethod",),
}


async def create_messaging_keys(
    keys: Keyring, new_id: Callable[[], UUID], store: str | None = None
) -> tuple[SigningKey, ...]:
    """New keys of a tenant: one that signs, and one that agrees on each curve that the store offers."""
    algorithms = keys.algorithms(store)
    signing = next(algorithm for algorithm in _SIGNING if algorithm in algorithms)
    wanted = [(AUTHENTICATION, signing), *((AGREEMENT, name) for name in _AGREEING if name in algorithms)]
    made = []
    for purpose, algorithm in wanted:
        handle, jwk = await keys.generate(algorithm, store)
        made.append(SigningKey(new_id(), purpose, b64url(thumbprint(jwk)), algorithm, handle, jwk))
    return tuple(made)


async def identity_of(scope: Scope) -> Identity:
    """The tenant's identity by its catalogue. Raises DidNotFound when it has no keys for DIDComm."""

    async def make() -> Identity:
        return await _make(scope)

    found: Identity = await scope.cache.get("didcomm_identity", scope.catalogue.version, make, 3600)
    return found


def socket_service(scope: Scope) -> Mapping[str, Any]:
    """The WebSocket, as a service of its own: some agents read no list of endpoints."""
    service = didcomm_service(f"ws{endpoint_of(scope).removeprefix('http')}")
    return {**service, "id": "didcomm-ws"}


def endpoint_of(scope: Scope) -> str:
    """Where this server takes the tenant's messages."""
    return f"{scope.tenant.base_url}/didcomm"


async def _make(scope: Scope) -> Identity:
    published = {key.kid: key for key in scope.catalogue.keys if key.purpose in _RELATIONSHIPS}
    agreement = {kid: key for kid, key in published.items() if key.purpose == AGREEMENT}
    if not agreement:
        raise DidNotFound("tenant has no keys for DIDComm")
    options: Mapping[str, Any] = {
        "base_url": scope.tenant.base_url,
        "relationships": {kid: _RELATIONSHIPS[key.purpose] for kid, key in published.items()},
        "services": [didcomm_service(endpoint_of(scope)), socket_service(scope)],
    }
    registrar = scope.plugins["did_methods"]["web"]
    document = await registrar.create({kid: key.jwk for kid, key in published.items()}, options)
    named = {f"{document.id}#{kid}": replace(key, kid=f"{document.id}#{kid}") for kid, key in published.items()}
    return Identity(
        document.id,
        document.document,
        {kid: key for kid, key in named.items() if key.purpose == AGREEMENT},
        {kid: key for kid, key in named.items() if key.purpose == AUTHENTICATION},
    )


async def identity_named(scope: Scope, did: str) -> Identity | None:
    """The identity of ours that this DID names, in its long form or its short one; None when it is not ours."""
    public = await identity_of(scope)
    if did == public.did:
        return public
    if not did.startswith("did:peer:4"):
        return None

    async def find() -> Identity | None:
        async with scope.unit() as unit:
            own: OwnDid | None = await unit.connections.own_did(did)
        return identity_from(own, short=did == peer.short_form(did)) if own and not own.retired else None

    found: Identity | None = await scope.cache.get("didcomm_own", did, find, _OWN_SECONDS)
    return found


async def identity_for(scope: Scope, own_did: UUID | None) -> Identity:
    """The identity that a connection uses: the public one, or the DID of that row."""
    if own_did is None:
        return await identity_of(scope)
    async with scope.unit() as unit:
        return identity_from(await unit.connections.own_did_by_id(own_did))


def identity_from(own: OwnDid, short: bool = False) -> Identity:
    """An identity of a DID made for a relationship, its keys named in one of the DID's two forms."""
    did = peer.short_form(own.did) if short else own.did
    document = peer.short_document(did, own.did) if short else peer.document(own.did)
    named = {
        f"{did}#{fragment}": SigningKey(own.id, purpose, f"{did}#{fragment}", key.handle.algorithm, key.handle, key.jwk)
        for fragment, key in own.keys.items()
        for purpose in (AGREEMENT if "keyAgreement" in key.relationships else AUTHENTICATION,)
    }
    return Identity(
        did,
        document.document,
        {kid: key for kid, key in named.items() if key.purpose == AGREEMENT},
        {kid: key for kid, key in named.items() if key.purpose == AUTHENTICATION},
        own.id,
    )


async def create_own_did_v1(scope: Scope) -> OwnDid:
    """A new did:peer:4 for version 1, at our own door, not stored yet. Raises UnsupportedAlgorithm."""
    handle, jwk = await scope.keys.generate(VERSION_1)
    service = {
        "id": "did-communication",
        "type": "did-communication",
        "priority": 0,
        "recipientKeys": ["#key-1"],
        "routingKeys": [],
        "serviceEndpoint": endpoint_of(scope),
        "accept": ["didcomm/aip2;env=rfc19"],
    }
    options = {"relationships": {"key-1": ("authentication",)}, "services": [service]}
    made: DidDocument = await scope.plugins["did_methods"]["peer"].create({"key-1": jwk}, options)
    own = OwnKey(handle, jwk, ("authentication",))
    return OwnDid(uuid7(scope.now(), scope.entropy(10)), made.id, {"key-1": own})


async def create_own_did(scope: Scope, services: Sequence[Mapping[str, Any]]) -> OwnDid:
    """A new did:peer:4 with a key that signs and one that agrees; not stored yet. Services have fragments as ids."""
    algorithms = scope.keys.algorithms()
    wanted = (
        ("key-1", next(name for name in _SIGNING if name in algorithms), ("authentication",)),
        ("key-2", next(name for name in _AGREEING if name in algorithms), ("keyAgreement",)),
    )
    keys = {}
    for fragment, algorithm, relationships in wanted:
        handle, jwk = await scope.keys.generate(algorithm)
        keys[fragment] = OwnKey(handle, jwk, relationships)
    options = {
        "relationships": {fragment: key.relationships for fragment, key in keys.items()},
        "services": services,
    }
    registrar = scope.plugins["did_methods"]["peer"]
    made: DidDocument = await registrar.create({fragment: key.jwk for fragment, key in keys.items()}, options)
    return OwnDid(uuid7(scope.now(), scope.entropy(10)), made.id, keys)


def didcomm_service(uri: str, routing_keys: Sequence[str] = ()) -> Mapping[str, Any]:
    """The DIDCommMessaging service of version 2 at an endpoint."""
    endpoint = {"uri": uri, "accept": ["didcomm/v2"], "routingKeys": list(routing_keys)}
    return {"id": "didcomm", "type": "DIDCommMessaging", "serviceEndpoint": endpoint}
