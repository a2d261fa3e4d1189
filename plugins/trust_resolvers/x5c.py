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
        fitting = {one.certificate: one for one in anchors if one.certificate and one.fits(purpose, reference.type)}
        if not fitting:
            raise UntrustedCertificate("no anchor for this purpose and type")
        if not isinstance(reference.value, tuple):
            raise UntrustedCertificate("no chain")
        path = x509.validate_chain(reference.value, tuple(fitting), datetime.fromtimestamp(now, UTC))
        leaf, anchor = path[0], fitting[path[-1]]
        if reference.issuer is not None:
            _require_name(leaf, reference.issuer)
        try:
            jwk = from_certificate(leaf)
            return TrustedKey(jwk, algorithm(jwk), tuple(path), anchor, reference.issuer or "")
        except ProtocolError as error:
            raise UntrustedCertificate(error.detail) from None


def _require_name(leaf: bytes, issuer: str) -> None:
    """The issuer's URL, or the host of an https one, is a subject alternative name of the leaf."""
    uris = x509.san_uris(leaf)
    if issuer in uris:
        return
    host = _host(issuer)
    if not issuer.startswith("https://") or not host or host not in x509.san_dns(leaf):
        raise UntrustedCertificate("the certificate does not name the issuer")
    # Issuers that share a host share its DNS name: a URI that says which of them it is must not be outvoted by it.
    if any(_host(uri) == host for uri in uris):
        raise UntrustedCertificate("the certificate names another issuer on this host")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
