"""did:peer: DIDs of two parties, whose documents are in them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.did import DidDocument, multikey, peer
from protocols.errors import Malformed
from protocols.ports import PluginTools

_CONTEXT = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")


class DidPeer:
    """Resolves methods 0, 2 and 4 (long form); makes method 4.

    What is short is resolved by who has seen its long form: `protocols.did.peer.short_document`.
    """

    method: ClassVar[str] = "peer"

    def __init__(self, tools: PluginTools) -> None:
        """Needs no tools: everything is in the DID."""

    async def resolve(self, did: str) -> DidDocument:
        """The document that the DID spells. Raises InvalidDid, DidNotFound for a form that does not spell it."""
        return peer.document(did)

    async def create(self, keys: Mapping[str, Mapping[str, Any]], options: Mapping[str, Any]) -> DidDocument:
        """The long form of method 4 for public JWKs by fragment. Raises Malformed.

        Options: `relationships` by fragment; `services`, whose ids are fragments.
        """
        relationships: Mapping[str, Any] = options.get("relationships", {})
        if not keys or not relationships.keys() <= keys.keys():
            raise Malformed("no key, or a relationship of an unknown one")
        document: dict[str, Any] = {"@context": list(_CONTEXT), "verificationMethod": []}
        for fragment, jwk in keys.items():
            method = {"id": f"#{fragment}", "type": "Multikey", "publicKeyMultibase": multikey.encode(jwk)}
            document["verificationMethod"].append(method)
            for relationship in relationships.get(fragment, ()):
                document.setdefault(relationship, []).append(f"#{fragment}")
        services = [{**one, "id": f"#{str(one['id']).removeprefix('#')}"} for one in options.get("services", ())]
        return peer.document(peer.long_form({**document, **({"service": services} if services else {})}))
