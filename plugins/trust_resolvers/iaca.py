"""Document signers of mobile documents, believed by an IACA (ISO/IEC 18013-5, 9.3.3 and annex B)."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import ClassVar

from cryptography.x509.oid import NameOID

from protocols import x509
from protocols.errors import ProtocolError
from protocols.jose.jwk import algorithm, from_certificate
from protocols.ports import KeyReference, PluginTools, Purpose, TrustAnchor, TrustedKey
from protocols.ports.trust import DocumentSigner
from protocols.x509 import UntrustedCertificate, load_certificate
from protocols.x509.document_signing import DOCUMENT_SIGNER


class IacaTrust:
    """`ports.TrustResolver` for `iaca`."""

    kind: ClassVar[str] = "iaca"

    def __init__(self, _tools: PluginTools) -> None:
        pass

    async def resolve(
        self, reference: KeyReference, purpose: Purpose, anchors: tuple[TrustAnchor, ...], now: float
    ) -> TrustedKey:
        """Walk the x5chain to an anchor of this purpose: a document signer, valid now and when it signed.

        Raises UntrustedCertificate.
        """
        signer = reference.value
        if not isinstance(signer, DocumentSigner):
            raise UntrustedCertificate("no document signer")
        fitting = {one.certificate: one for one in anchors if one.certificate and one.fits(purpose, reference.type)}
        if not fitting:
            raise UntrustedCertificate("no anchor for this purpose and type")
        path = x509.validate_chain(
            signer.chain, tuple(fitting), datetime.fromtimestamp(now, UTC), extended_key_usage=DOCUMENT_SIGNER
        )
        leaf = load_certificate(path[0])
        if not leaf.not_before <= signer.signed_at <= leaf.not_after:
            raise UntrustedCertificate("signed outside the validity of the certificate")
        if not _of_one_place(path[0], path[-1]):
            raise UntrustedCertificate("the document signer is of another place than its authority")
        try:
            jwk = from_certificate(leaf.der)
            return TrustedKey(jwk, algorithm(jwk), tuple(path), fitting[path[-1]], "")
        except ProtocolError as error:
            raise UntrustedCertificate(error.detail) from None


@lru_cache(maxsize=1024)
def _of_one_place(signer: bytes, authority: bytes) -> bool:
    """The signer's country is its authority's, and so is the state where the authority names one (B.1.4)."""
    leaf, anchor = load_certificate(signer).subject, load_certificate(authority).subject
    for oid, wanted in ((NameOID.COUNTRY_NAME, True), (NameOID.STATE_OR_PROVINCE_NAME, False)):
        stated = {str(one.value) for one in anchor.get_attributes_for_oid(oid)}
        if not stated and not wanted:
            continue
        if len(stated) != 1 or {str(one.value) for one in leaf.get_attributes_for_oid(oid)} != stated:
            return False
    return True
