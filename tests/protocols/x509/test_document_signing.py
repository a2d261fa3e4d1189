"""Certificates of mobile documents have the profile of ISO/IEC 18013-5, annex B, as `cryptography` reads it."""

import os
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

from protocols.errors import Malformed
from protocols.x509 import prepare_crl, prepare_document_signer, prepare_iaca, seal_crl
from tests.documents import AUTHORITY, NOW, Country


@pytest.fixture(scope="module")
def country() -> Country:
    return Country()


def extensions(der: bytes) -> dict[Any, tuple[bool, Any]]:
    return {one.oid: (one.critical, one.value) for one in x509.load_der_x509_certificate(der).extensions}


def test_the_root_has_the_profile_of_an_iaca(country: Country) -> None:
    certificate, found = x509.load_der_x509_certificate(country.iaca), extensions(country.iaca)
    assert certificate.subject == certificate.issuer
    assert [one.value for one in certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)] == ["DE"]
    assert found.keys() == {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
    }
    critical, constraints = found[ExtensionOID.BASIC_CONSTRAINTS]
    assert (critical, constraints.ca, constraints.path_length) == (True, True, 0)
    critical, usage = found[ExtensionOID.KEY_USAGE]
    assert critical
    assert usage.key_cert_sign
    assert usage.crl_sign
    assert not usage.digital_signature
    (address,) = found[ExtensionOID.CRL_DISTRIBUTION_POINTS][1][0].full_name
    assert address.value == AUTHORITY.crl_uri
    certificate.verify_directly_issued_by(certificate)


def test_the_signer_has_the_profile_of_a_document_signer(country: Country) -> None:
    certificate, found = x509.load_der_x509_certificate(country.chain[0]), extensions(country.chain[0])
    authority = x509.load_der_x509_certificate(country.iaca)
    certificate.verify_directly_issued_by(authority)
    assert found.keys() == {
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
    }
    critical, usages = found[ExtensionOID.EXTENDED_KEY_USAGE]
    assert (critical, [one.dotted_string for one in usages]) == (True, ["1.0.18013.5.1.2"])
    named = found[ExtensionOID.AUTHORITY_KEY_IDENTIFIER][1].key_identifier
    assert named == extensions(country.iaca)[ExtensionOID.SUBJECT_KEY_IDENTIFIER][1].digest


@pytest.mark.parametrize("subject", [{}, {"common_name": "A"}, {"country_name": "DE"},
                                     {"common_name": "A", "country_name": "de"},
                                     {"common_name": "A", "country_name": "DEU"}])  # fmt: skip
def test_an_iaca_has_a_name_and_a_country(country: Country, subject: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        _iaca(country, subject, 10)


@pytest.mark.parametrize("days", [20 * 365 + 1, 40 * 365])
def test_an_iaca_lives_twenty_years_at_most(country: Country, days: int) -> None:
    with pytest.raises(Malformed):
        _iaca(country, {"common_name": "A", "country_name": "DE"}, days)


def _iaca(country: Country, subject: dict[str, str], days: int) -> None:
    prepare_iaca(
        subject,
        country.root.jwk,
        AUTHORITY,
        algorithm="ES256",
        serial=os.urandom(16),
        not_before=NOW,
        not_after=NOW + timedelta(days=days),
    )


@pytest.mark.parametrize(("begins", "days"), [(0, 458), (-2, 10), (2990, 20), (0, 0)])
def test_a_signer_lives_within_its_bounds(country: Country, begins: int, days: int) -> None:
    with pytest.raises(Malformed):
        prepare_document_signer(
            "Signer",
            country.signer.jwk,
            AUTHORITY,
            algorithm="ES256",
            serial=os.urandom(16),
            not_before=NOW + timedelta(days=begins),
            not_after=NOW + timedelta(days=begins + days),
            issuer=country.iaca,
        )


def test_a_revocation_list_names_what_was_revoked(country: Country) -> None:
    prepared = prepare_crl(
        country.iaca,
        algorithm="ES256",
        number=7,
        this_update=NOW,
        next_update=NOW + timedelta(days=7),
        revoked=[(4711, NOW)],
    )
    found = x509.load_der_x509_crl(seal_crl(prepared, country.root.sign(prepared.payload)))
    assert found.is_signature_valid(x509.load_der_x509_certificate(country.iaca).public_key())
    assert found.get_revoked_certificate_by_serial_number(4711) is not None
    assert found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 7
    assert found.next_update_utc == NOW + timedelta(days=7)
