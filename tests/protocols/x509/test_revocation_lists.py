"""Revocation lists of others: believed whole, by their authority, while they hold; nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asn1crypto import crl as asn1
from cryptography import x509 as made
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from protocols import x509
from protocols.x509 import InvalidCrl, crl_addresses, read_crl

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
KEY, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
NAME, ELSE = (made.Name.from_rfc4514_string(f"CN={name}") for name in ("Authority", "Somebody"))
DAY = timedelta(days=1)


def certificate(name: Any = NAME, key: Any = KEY, issuer: Any = NAME, signer: Any = KEY, *extensions: Any) -> bytes:
    builder = made.CertificateBuilder(issuer, name, key.public_key(), 7, NOW - DAY, NOW + DAY)
    for one in extensions:
        builder = builder.add_extension(one, critical=isinstance(one, made.BasicConstraints))
    return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.DER)


AUTHORITY = certificate()


def crl(*extensions: tuple[Any, bool], name: Any = NAME, key: Any = KEY, **changes: Any) -> bytes:
    entry = made.RevokedCertificateBuilder(7, NOW - DAY)
    if changes.get("reason"):
        entry = entry.add_extension(made.CRLReason(changes["reason"]), critical=False)
    begins, ends = changes.get("begins", NOW - DAY), changes.get("ends", NOW + DAY)
    builder = made.CertificateRevocationListBuilder(name, begins, ends, revoked_certificates=[entry.build()])
    for one, critical in extensions:
        builder = builder.add_extension(one, critical=critical)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def with_sha1(der: bytes) -> bytes:
    """What its signer would make, with SHA-1 named as the hash."""
    found = asn1.CertificateList.load(der)
    for where, name in ((found, "signature_algorithm"), (found["tbs_cert_list"], "signature")):
        where[name] = {"algorithm": "sha1_ecdsa"}
    dumped: bytes = found.dump(force=True)
    return dumped


def part(**what: Any) -> tuple[Any, bool]:
    """An issuing distribution point."""
    said = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return made.IssuingDistributionPoint(**{**said, **what}), True


def test_a_list_names_what_was_revoked_and_until_when_it_holds() -> None:
    found = read_crl(crl(), AUTHORITY, NOW)
    assert (found.serials, found.next_update) == (frozenset({7}), NOW + DAY)
    assert read_crl(crl(reason=made.ReasonFlags.remove_from_crl), AUTHORITY, NOW).serials == frozenset()
    assert read_crl(crl(reason=made.ReasonFlags.key_compromise), AUTHORITY, NOW).serials == frozenset({7})


def test_a_list_of_authorities_says_nothing_of_a_leaf() -> None:
    leaf = certificate(ELSE, OTHER)
    above = certificate(NAME, KEY, NAME, KEY, made.BasicConstraints(True, 0))
    for only, covers in (({"only_contains_ca_certs": True}, False), ({"only_contains_user_certs": True}, True)):
        found = read_crl(crl(part(**only)), AUTHORITY, NOW)
        assert (found.covers(leaf), found.covers(above)) == (covers, not covers)


@pytest.mark.parametrize(
    ("der", "why"),
    [
        (crl(name=ELSE), "not of this authority"),
        (crl(key=OTHER), "signature"),
        (with_sha1(crl()), "weak hash"),
        (crl(begins=NOW - 2 * DAY, ends=NOW - DAY), "not of now"),
        (crl(begins=NOW + timedelta(hours=1)), "not of now"),
        (crl((made.DeltaCRLIndicator(1), True)), "unknown critical extension"),
        (crl(part(indirect_crl=True)), "a part"),
        (crl(part(only_some_reasons=frozenset({made.ReasonFlags.key_compromise}))), "a part"),
        (crl(part(only_contains_attribute_certs=True)), "a part"),
        (crl()[:-1], "ValueError"),
        (crl() + b"\x00", "ValueError"),
        (b"", "ValueError"),
        (b"-----BEGIN X509 CRL-----", "ValueError"),
    ],
)
def test_what_is_no_whole_list_of_this_authority_and_moment_is_refused(der: bytes, why: str) -> None:
    with pytest.raises(InvalidCrl) as refusal:
        read_crl(der, AUTHORITY, NOW)
    assert why in str(refusal.value.detail)


def test_an_authority_that_may_not_sign_lists_signs_none() -> None:
    usage = made.KeyUsage(True, False, False, False, False, True, False, False, False)
    with pytest.raises(InvalidCrl):
        read_crl(crl(), certificate(NAME, KEY, NAME, KEY, usage), NOW)


def test_addresses_are_few_and_of_http_alone() -> None:
    uris = [f"{scheme}://crl.example/{number}" for number, scheme in enumerate(("ldap", "http", "https", "ftp"))]
    names = [made.UniformResourceIdentifier(uri) for uri in [*uris, *(f"https://crl.example/{n}" for n in range(9))]]
    points = made.CRLDistributionPoints([made.DistributionPoint([one], None, None, None) for one in names])
    some = made.DistributionPoint([names[1]], None, frozenset({made.ReasonFlags.superseded}), None)
    assert crl_addresses(certificate(ELSE, OTHER, NAME, KEY, points)) == (uris[1], uris[2], "https://crl.example/0")
    assert crl_addresses(certificate(ELSE, OTHER, NAME, KEY, made.CRLDistributionPoints([some]))) == ()
    assert crl_addresses(AUTHORITY) == ()


def test_what_we_sign_others_read_and_so_do_we() -> None:
    """The list of our own building, with an entry, by our own reader."""
    jwk = x509.load_certificate(AUTHORITY).jwk
    assert jwk is not None
    prepared = x509.prepare_crl(
        AUTHORITY, algorithm="ES256", number=3, this_update=NOW, next_update=NOW + DAY, revoked=[(9, NOW - DAY)]
    )
    r, s = decode_dss_signature(KEY.sign(prepared.payload, ec.ECDSA(hashes.SHA256())))
    der = x509.seal_crl(prepared, r.to_bytes(32) + s.to_bytes(32))
    assert read_crl(der, AUTHORITY, NOW).serials == frozenset({9})
