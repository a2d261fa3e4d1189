"""`decentralized_identifier` (OpenID4VP 1.0, 5.9.3): the verifier is a DID, its key one of the DID's."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.errors import Malformed
from protocols.ports import ClientIdentity, KeyReference, PluginTools, RequestSigner


class DecentralizedIdentifier:
    """`ports.ClientIdPrefix`."""

    prefix: ClassVar[str] = "decentralized_identifier"

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def client_id(self, identity: ClientIdentity) -> str:
        """The DID of the verifier's key."""
        if not identity.did_url:
            raise Malformed("no DID")
        return f"{self.prefix}:{identity.did_url.partition('#')[0]}"

    def signing(self, identity: ClientIdentity) -> RequestSigner:
        """Signed; kid says with which key of the DID."""
        return RequestSigner(True, {"kid": identity.did_url})

    def signer(self, client_id: str, header: Mapping[str, Any]) -> KeyReference | None:
        """The key that kid names, when it is one of the DID that was named."""
        kid = header.get("kid")
        prefix, _, did = client_id.partition(":")
        if prefix != self.prefix or not did.startswith("did:"):
            raise Malformed("client_id of another prefix")
        if not isinstance(kid, str) or kid.partition("#")[0] != did or not kid.partition("#")[2]:
            raise Malformed("kid is no key of the DID")
        return KeyReference("did_url", kid, did)
