"""did:key (did:key Method v0.9): a public key that is its own DID."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from protocols.did import DidDocument, InvalidDid, multikey, parse_did
from protocols.errors import Malformed
from protocols.ports import PluginTools

_CONTEXT = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
_SIGNING = ("authentication", "assertionMethod", "capabilityInvocation", "capabilityDelegation")
_AGREES = frozenset({"P-256", "P-384", "P-521"})


class DidKey:
    """Resolves and makes did:key for Ed25519, X25519, P-256, P-384, P-521 and secp256k1."""

    method: ClassVar[str] = "key"

    def __init__(self, tools: PluginTools) -> None:
        """Needs no tools: everything is in the DID."""

    async def resolve(self, did: str) -> DidDocument:
        """The document that the DID spells. Raises InvalidDid."""
        return _document(did)

    async def create(self, keys: Mapping[str, Mapping[str, Any]], options: Mapping[str, Any]) -> DidDocument:
        """The document of one public JWK; its fragment is not ours to choose. Raises Malformed."""
        if len(keys) != 1:
            raise Malformed("did:key is of exactly one key")
        return _document("did:key:" + multikey.encode(next(iter(keys.values()))))


@lru_cache(maxsize=4096)
def _document(did: str) -> DidDocument:
    method, name = parse_did(did)
    if method != "key":
        raise InvalidDid("not a did:key")
    try:
        jwk = multikey.decode(name)
    except Malformed as error:
        raise InvalidDid(error.detail) from None
    if jwk["crv"] == "X25519":
        return _render(did, {name: ("keyAgreement",)})
    if jwk["crv"] == "Ed25519":
        return _render(did, {name: _SIGNING, multikey.encode(multikey.x25519_of(jwk)): ("keyAgreement",)})
    return _render(did, {name: (*_SIGNING, "keyAgreement") if jwk["crv"] in _AGREES else _SIGNING})


def _render(did: str, methods: Mapping[str, tuple[str, ...]]) -> DidDocument:
    """3.1.4, Document Creation Algorithm, with Multikey verification methods."""
    document: dict[str, Any] = {"@context": list(_CONTEXT), "id": did, "verificationMethod": []}
    for name, relationships in methods.items():
        method = {"id": f"{did}#{name}", "type": "Multikey", "controller": did, "publicKeyMultibase": name}
        document["verificationMethod"].append(method)
        for relationship in relationships:
            document.setdefault(relationship, []).append(method["id"])
    return DidDocument(did, document)
