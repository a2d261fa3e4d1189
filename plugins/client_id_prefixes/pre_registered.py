"""No prefix (OpenID4VP 1.0, 5.9.2): wallets know the verifier by a client identifier they were told beforehand."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.errors import Malformed
from protocols.ports import ClientIdentity, KeyReference, PluginTools, RequestSigner


class PreRegistered:
    """`ports.ClientIdPrefix`; its name is the one of client_id_prefixes_supported."""

    prefix: ClassVar[str] = "pre-registered"

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def client_id(self, identity: ClientIdentity) -> str:
        """The identifier as it was registered; one that looks prefixed would be read as something else."""
        if not identity.registered or ":" in identity.registered:
            raise Malformed("no registered client_id without a colon")
        return identity.registered

    def signing(self, identity: ClientIdentity) -> RequestSigner:
        """Signed with the key that was registered; the wallet has the metadata."""
        return RequestSigner(True, {"kid": identity.kid}, metadata_known=True)

    def signer(self, client_id: str, header: Mapping[str, Any]) -> KeyReference | None:
        """A key that was registered for the client."""
        if ":" in client_id:
            raise Malformed("client_id with a prefix")
        return KeyReference("registered", header.get("kid"), client_id)
