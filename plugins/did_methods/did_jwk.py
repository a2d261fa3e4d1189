"""did:jwk: a public JWK that is its own DID."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from protocols.did import DidDocument, InvalidDid, parse_did
from protocols.encoding import b64url, parse_b64url, parse_json_object, render_json
from protocols.errors import Malformed
from protocols.jose import jwk as jwks
from protocols.ports import PluginTools

_CONTEXT = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1")
_SIGNING = ("assertionMethod", "authentication", "capabilityInvocation", "capabilityDelegation")
_RELATIONSHIPS = {"sig": _SIGNING, "enc": ("keyAgreement",)}


class DidJwk:
    """Resolves and makes did:jwk for every kind of key that we can use."""

    method: ClassVar[str] = "jwk"

    def __init__(self, tools: PluginTools) -> None:
        """Needs no tools: everything is in the DID."""

    async def resolve(self, did: str) -> DidDocument:
        """The document that the DID spells. Raises InvalidDid."""
        return _document(did)

    async def create(self, keys: Mapping[str, Mapping[str, Any]], options: Mapping[str, Any]) -> DidDocument:
        """The document of one public JWK, of which `use` and the required members are kept. Raises Malformed."""
        if len(keys) != 1:
            raise Malformed("did:jwk is of exactly one key")
        jwk = next(iter(keys.values()))
        named = {name: jwk[name] for name in ("use",) if name in jwk}
        return _document("did:jwk:" + b64url(render_json({**jwks.public(jwk), **named})))


@lru_cache(maxsize=1024)
def _document(did: str) -> DidDocument:
    method, encoded = parse_did(did)
    if method != "jwk":
        raise InvalidDid("not a did:jwk")
    try:
        jwk = parse_json_object(parse_b64url(encoded))
        jwks.public(jwk)
    except Malformed as error:
        raise InvalidDid(error.detail) from None
    use = jwk.get("use")
    if use is not None and use not in ("sig", "enc"):
        raise InvalidDid("use is neither sig nor enc")
    return _render(did, jwk, _RELATIONSHIPS.get(use or "", (*_SIGNING, "keyAgreement")))


def _render(did: str, jwk: Mapping[str, Any], relationships: tuple[str, ...]) -> DidDocument:
    method = {"id": f"{did}#0", "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": dict(jwk)}
    document = {"@context": list(_CONTEXT), "id": did, "verificationMethod": [method]}
    return DidDocument(did, {**document, **{relationship: [method["id"]] for relationship in relationships}})
