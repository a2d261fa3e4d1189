"""did:key (did:key Method v0.9): a public key that is its own DID."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from protocols.did import DidDocument, InvalidDid, multikey, parse_did
from protocols.errors import Malformed
from protocols.ports import PluginTools

_CONTEXT = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
_JWK_CONTEXT = "https://w3id.org/security/suites/jws-2020/v1"
_SIGNING = ("authentication", "assertionMethod", "capabilityInvocation", "capabilityDelegation")
_AGREES = frozenset({"P-256", "P-384", "P-521"})


class DidKey:
    """Resolves and makes did:key for Ed25519, X25519, P-256, P-384, P-521, secp256k1 and jwk_jcs-pub.

    One of BLS12-381 G2 resolves to its Multikey, for those who verify with it.
    """

    method: ClassVar[str] = "key"

    def __init__(self, tools: PluginTools) -> None:
        """Needs no tools: everything is in the DID."""

    async def resolve(self, did: str) -> DidDocument:
        """The document that the DID spells. Raises InvalidDid."""
        return _document(did)

    async def create(self, keys: Mapping[str, Mapping[str, Any]], options: Mapping[str, Any]) -> DidDocument:
        """The document of one public JWK; its fragment is not ours to choose. Raises Malformed.

        Option `codec`: "jwk_jcs-pub" for the form that EBSI's natural persons have.
        """
        if len(keys) != 1:
            raise Malformed("did:key is of exactly one key")
        encode = multikey.encode_jwk if options.get("codec") == "jwk_jcs-pub" else multikey.encode
        return _document("did:key:" + encode(next(iter(keys.values()))))


@lru_cache(maxsize=4096)
def _document(did: str) -> DidDocument:
    method, name = parse_did(did)
    if method != "key":
        raise InvalidDid("not a did:key")
    try:
        kind = multikey.kind(name)
        if kind == multikey.BLS_G2:
            return _render(did, {name: _SIGNING})
        jwk = multikey.decode(name)
    except Malformed as error:
        raise InvalidDid(error.detail) from None
    both = (*_SIGNING, "keyAgreement") if jwk.get("crv") in _AGREES else _SIGNING
    if jwk.get("crv") == "X25519":
        return _render(did, {name: ("keyAgreement",)}, jwk if kind == "jwk" else None)
    if kind == "Ed25519":
        return _render(did, {name: _SIGNING, multikey.encode(multikey.x25519_of(jwk)): ("keyAgreement",)})
    return _render(did, {name: both}, jwk if kind == "jwk" else None)


def _render(did: str, methods: Mapping[str, tuple[str, ...]], jwk: Mapping[str, Any] | None = None) -> DidDocument:
    """3.1.4, Document Creation Algorithm, with Multikey verification methods, or one that has a JWK."""
    context = [_CONTEXT[0], _CONTEXT[1] if jwk is None else _JWK_CONTEXT]
    document: dict[str, Any] = {"@context": context, "id": did, "verificationMethod": []}
    for name, relationships in methods.items():
        material = {"publicKeyMultibase": name} if jwk is None else {"publicKeyJwk": dict(jwk)}
        type_ = "Multikey" if jwk is None else "JsonWebKey2020"
        method = {"id": f"{did}#{name}", "type": type_, "controller": did, **material}
        document["verificationMethod"].append(method)
        for relationship in relationships:
            document.setdefault(relationship, []).append(method["id"])
    return DidDocument(did, document)
