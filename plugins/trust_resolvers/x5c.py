"""Keys in certificate chains, believed by the tenant's CA certificates."""

from datetime import UTC, datetime
from typing import ClassVar
from urllib.parse import urlsplit

from protocols import x509
from protocols.errors import ProtocolError
from protocols.jose.jwk import algorithm, from_certificate
from protocols.ports import KeyReference, PluginTools, Purpose, TrustAnchor, TrustedKey
from protocols.x509 import UntrustedCertificate


class X5cTrust:
    """`ports.TrustResolver` for `x5c`."""

    kind: ClassVar[str] = "x5c"

    def __init__(self, _tools: PluginTools) -> None:
        pass

    async def resolve(
        self, reference: KeyReference, purpose: Purpose, anchors: tuple[TrustAnchor, ...], now: float
    ) -> TrustedKey:
        """Walk the chain to an anchor of this purpose; a stated issuer must be a name in the leaf.

        Raises UntrustedCertificate.
        """
        fitting = {one.certificate: one for one in anchors if one.certificate and str(purpose) in one.roles}
        if not fitting:
            raise UntrustedCertificate("no anchor for this purpose")
        path = x509.validate_chain(reference.value, tuple(fitting), datetime.fromtimestamp(now, UTC))
        leaf, anchor = path[0], fitting[path[-1]]
        if reference.type and anchor.types and reference.type not in anchor.types:
            raise UntrustedCertificate("the anchor is not believed for this type")
        if reference.issuer is not None:
            _require_name(leaf, reference.issuer)
        try:
            jwk = from_certificate(leaf)
            return TrustedKey(jwk, algorithm(jwk), tuple(path), anchor, reference.issuer or "")
        except ProtocolError as error:
            raise UntrustedCertificate(error.detail) from None


def _require_name(leaf: bytes, issuer: str) -> None:
    """The issuer's URL, or the host of it, is a subject alternative name of the leaf."""
    if issuer in x509.san_uris(leaf):
        return
    host = urlsplit(issuer).hostname
    if host is None or host not in x509.san_dns(leaf):
        raise UntrustedCertificate("the certificate does not name the issuer")
