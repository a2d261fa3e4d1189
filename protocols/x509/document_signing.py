"""Certificates of mobile documents (ISO/IEC 18013-5, annex B): the issuing authority's root, and its signers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from asn1crypto import x509

from protocols.errors import Malformed
from protocols.jose import jwk as jwks
from protocols.x509.building import (
    CertificateToBeSigned,
    distribution_point,
    key_identifier,
    key_identifier_of,
    key_identifiers,
    prepare_certificate,
    subject_of,
)
from protocols.x509.certificate import load_certificate

DOCUMENT_SIGNER = "1.0.18013.5.1.2"
"""The extended key usage of a document signer (B.1.4)."""
MAX_IACA = timedelta(days=20 * 365)
MAX_SIGNER = timedelta(days=457)


@dataclass(frozen=True, slots=True)
class Authority:
    """What both certificates say of the issuing authority: `uri` reaches it, `crl_uri` is where its CRL is served."""

    uri: str
    crl_uri: str


def prepare_iaca(
    subject: Mapping[str, str],
    public_key: jwks.Jwk,
    authority: Authority,
    *,
    algorithm: str,
    serial: bytes,
    not_before: datetime,
    not_after: datetime,
) -> CertificateToBeSigned:
    """The root (B.1.2), self-signed. `subject` has a common_name and a country_name of two capital letters."""
    country = subject.get("country_name", "")
    if len(country) != 2 or not country.isascii() or not country.isupper() or not subject.get("common_name"):
        raise Malformed("an IACA has a common name and a country")
    if not_after - not_before > MAX_IACA:
        raise Malformed("an IACA lives 20 years at most")
    name = x509.Name.build(dict(subject))
    extensions = [
        ("basic_constraints", True, {"ca": True, "path_len_constraint": 0}),
        ("key_usage", True, {"key_cert_sign", "crl_sign"}),
        ("key_identifier", False, key_identifier(public_key)),
        *_of(authority),
    ]
    return prepare_certificate((name, name), public_key, algorithm, (serial, not_before, not_after), extensions)


def prepare_document_signer(
    common_name: str,
    public_key: jwks.Jwk,
    authority: Authority,
    *,
    algorithm: str,
    serial: bytes,
    not_before: datetime,
    not_after: datetime,
    issuer: bytes,
) -> CertificateToBeSigned:
    """A signer (B.1.4) under the IACA `issuer` (DER), of the same place and never outliving it."""
    if not_after - not_before > MAX_SIGNER:
        raise Malformed("a document signer lives 457 days at most")
    iaca = load_certificate(issuer)
    if not iaca.not_before <= not_before < not_after <= iaca.not_after:
        raise Malformed("a document signer outside its authority's validity")
    above = subject_of(issuer).native
    place = {name: above[name] for name in ("country_name", "state_or_province_name") if name in above}
    extensions: list[tuple[str, bool, Any]] = [
        ("key_usage", True, {"digital_signature"}),
        ("extended_key_usage", True, [DOCUMENT_SIGNER]),
        *key_identifiers(public_key, key_identifier_of(issuer)),
        *_of(authority),
    ]
    name = x509.Name.build({**place, "common_name": common_name})
    return prepare_certificate(
        (name, subject_of(issuer)), public_key, algorithm, (serial, not_before, not_after), extensions
    )


def _of(authority: Authority) -> list[tuple[str, bool, Any]]:
    return [
        ("issuer_alt_name", False, [x509.GeneralName("uniform_resource_identifier", authority.uri)]),
        distribution_point(authority.crl_uri),
    ]
