"""Who a tenant is in DIDComm: did:web at its own base URL, with keys that stay in the key store."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from agent.keyring import Keyring
from agent.scope import Scope, SigningKey
from agent.scope.messaging import Identity
from protocols.did import DidNotFound
from protocols.encoding import b64url
from protocols.jose.jwk import thumbprint

AUTHENTICATION, AGREEMENT = "didcomm_authentication", "didcomm_agreement"
# What is wanted, best first; a store without X25519 still gives the curves of NIST.
_SIGNING = ("EdDSA", "ES256")
_AGREEING = ("ECDH-ES+X25519", "ECDH-ES+P-256", "ECDH-ES+P-384")
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


async def _make(scope: Scope) -> Identity:
    published = {key.kid: key for key in scope.catalogue.keys if key.purpose in _RELATIONSHIPS}
    agreement = {kid: key for kid, key in published.items() if key.purpose == AGREEMENT}
    if not agreement:
        raise DidNotFound("tenant has no keys for DIDComm")
    options: Mapping[str, Any] = {
        "base_url": scope.tenant.base_url,
        "relationships": {kid: _RELATIONSHIPS[key.purpose] for kid, key in published.items()},
        "services": [
            {
                "id": "didcomm",
                "type": "DIDCommMessaging",
                "serviceEndpoint": {
                    "uri": f"{scope.tenant.base_url}/didcomm",
                    "accept": ["didcomm/v2"],
                    "routingKeys": [],
                },
            }
        ],
    }
    registrar = scope.plugins["did_methods"]["web"]
    document = await registrar.create({kid: key.jwk for kid, key in published.items()}, options)
    named = {f"{document.id}#{kid}": replace(key, kid=f"{document.id}#{kid}") for kid, key in agreement.items()}
    return Identity(document.id, document.document, named)
