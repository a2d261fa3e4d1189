"""`x509_san_dns` (OpenID4VP 1.0, 5.9.3): the verifier is a DNS name in its certificate."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.errors import Malformed
from protocols.ports import ClientIdentity, KeyReference, PluginTools, RequestSigner
from protocols.x509 import parse_chain, render_chain, san_dns


class X509SanDns:
    """`ports.ClientIdPrefix`."""

    prefix: ClassVar[str] = "x509_san_dns"

    def __init__(self, _tools: PluginTools) -> None:
        pass

    def client_id(self, identity: ClientIdentity) -> str:
        """The first DNS name of ours that the certificate has."""
        names = san_dns(identity.x5c[0]) if identity.x5c else ()
        for name in identity.dns_names:
            if name in names:
                return f"{self.prefix}:{name}"
        raise Malformed("no DNS name in the certificate")

    def signing(self, identity: ClientIdentity) -> RequestSigner:
        """Signed, with the chain in the header."""
        return RequestSigner(True, {"x5c": render_chain(identity.x5c)})

    def signer(self, client_id: str, header: Mapping[str, Any]) -> KeyReference | None:
        """The leaf of x5c, when it has the name."""
        chain = parse_chain(header.get("x5c", ()))
        prefix, _, name = client_id.partition(":")
        if prefix != self.prefix or name.lower() not in san_dns(chain[0]):
            raise Malformed("client_id is no name of the certificate")
        return KeyReference("x5c", chain)
