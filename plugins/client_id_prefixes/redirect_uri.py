"""`redirect_uri` (OpenID4VP 1.0, 5.9.3): the verifier is where the answer goes; its requests are not signed."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.errors import Malformed
from protocols.ports import ClientIdentity, KeyReference, PluginTools, RequestSigner


class RedirectUri:
    """`ports.ClientIdPrefix`."""

    prefix: ClassVar[str] = "redirect_uri"

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def client_id(self, identity: ClientIdentity) -> str:
        """The response_uri."""
        if not identity.response_uri:
            raise Malformed("no response_uri")
        return f"{self.prefix}:{identity.response_uri}"

    def signing(self, _identity: ClientIdentity) -> RequestSigner:
        """Unsigned."""
        return RequestSigner(False)

    def signer(self, client_id: str, _header: Mapping[str, Any]) -> KeyReference | None:
        """Nobody: the prefix forbids a signature."""
        if not client_id.startswith(f"{self.prefix}:"):
            raise Malformed("client_id of another prefix")
        return None
