"""`x509_hash` (OpenID4VP 1.0, 5.9.3): the verifier is its certificate."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, ClassVar

from protocols.encoding import b64url
from protocols.errors import Malformed
from protocols.ports import ClientIdentity, KeyReference, PluginTools, RequestSigner
from protocols.x509 import parse_chain, render_chain


class X509Hash:
    """`ports.ClientIdPrefix`."""

    prefix: ClassVar[str] = "x509_hash"

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def client_id(self, identity: ClientIdentity) -> str:
        """The base64url SHA-256 of the leaf certificate."""
        if not identity.x5c:
            raise Malformed("no certificate")
        return f"{self.prefix}:{b64url(sha256(identity.x5c[0]).digest())}"

    def signing(self, identity: ClientIdentity) -> RequestSigner:
        """Signed, with the chain in the header."""
        return RequestSigner(True, {"x5c": render_chain(identity.x5c)})

    def signer(self, client_id: str, header: Mapping[str, Any]) -> KeyReference | None:
        """The leaf of x5c, when it is the one that was named."""
        chain = parse_chain(header.get("x5c", ()))
        if client_id != f"{self.prefix}:{b64url(sha256(chain[0]).digest())}":
            raise Malformed("client_id is of another certificate")
        return KeyReference("x5c", chain)
