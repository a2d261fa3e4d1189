"""X.509 certificates (RFC 5280): read, believed against configured anchors, and made for keys that live elsewhere."""

from protocols.x509.building import CertificateToBeSigned, prepare_ca, prepare_leaf, seal
from protocols.x509.certificate import (
    Certificate,
    authority_key_identifiers,
    load_certificate,
    load_pem,
    parse_chain,
    render_chain,
    render_pem,
    san_dns,
    san_uris,
    thumbprint,
)
from protocols.x509.document_signing import Authority, prepare_document_signer, prepare_iaca
from protocols.x509.path import UntrustedCertificate, validate_chain
from protocols.x509.revocation import MEDIA_TYPE as CRL_MEDIA_TYPE
from protocols.x509.revocation import prepare_crl, seal_crl
from protocols.x509.revocation_lists import MAX_BYTES as MAX_CRL
from protocols.x509.revocation_lists import InvalidCrl, RevocationList, crl_addresses, read_crl, serial_of

__all__ = [
    "CRL_MEDIA_TYPE",
    "MAX_CRL",
    "Authority",
    "Certificate",
    "CertificateToBeSigned",
    "InvalidCrl",
    "RevocationList",
    "UntrustedCertificate",
    "authority_key_identifiers",
    "crl_addresses",
    "load_certificate",
    "load_pem",
    "parse_chain",
    "prepare_ca",
    "prepare_crl",
    "prepare_document_signer",
    "prepare_iaca",
    "prepare_leaf",
    "read_crl",
    "render_chain",
    "render_pem",
    "san_dns",
    "san_uris",
    "seal",
    "seal_crl",
    "serial_of",
    "thumbprint",
    "validate_chain",
]
