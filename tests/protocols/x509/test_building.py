import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509 as cx
from cryptography.hazmat.primitives.serialization import Encoding

from protocols import x509
from protocols.errors import Malformed

SUBJECT = {"common_name": "Demo", "organization_name": "Example", "country_name": "DE"}


def authority(key, now, **options) -> bytes:
    times = {"not_before": now, "not_after": now + timedelta(days=3650)}
    prepared = x509.prepare_ca(SUBJECT, key.jwk, algorithm=key.algorithm, serial=bytes(range(16)), **times, **options)
    return x509.seal(prepared, key.sign(prepared.payload))


def leaf_of(ca: bytes, ca_key, key, now, **options) -> bytes:
    times = {"not_before": now, "not_after": now + timedelta(days=90)}
    subject = {"common_name": "Leaf"}
    prepared = x509.prepare_leaf(
        subject, key.jwk, algorithm=ca_key.algorithm, serial=b"\xff" * 20, issuer=ca, **times, **options
    )
    return x509.seal(prepared, ca_key.sign(prepared.payload))


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "EdDSA"])
def test_what_a_key_store_certifies_is_believed(new_key, now, algorithm: str) -> None:
    ca_key, key = new_key(algorithm), new_key()
    ca = authority(ca_key, now)
    leaf = leaf_of(ca, ca_key, key, now, dns=["issuer.example"], uris=["https://issuer.example/t/demo"])
    assert x509.validate_chain([leaf], [ca], now) == (leaf, ca)
    assert x509.san_dns(leaf) == ("issuer.example",)
    assert x509.san_uris(leaf) == ("https://issuer.example/t/demo",)
    assert x509.load_certificate(leaf).jwk == key.jwk


def test_an_intermediate_authority_chains(new_key, now) -> None:
    root_key, sub_key, key = new_key(), new_key("ES384"), new_key("EdDSA")
    root = authority(root_key, now, path_length=1)
    prepared = x509.prepare_ca(
        {"common_name": "Sub"},
        sub_key.jwk,
        algorithm="ES256",
        serial=bytes(8),
        not_before=now,
        not_after=now + timedelta(days=1),
        issuer=root,
    )
    sub = x509.seal(prepared, root_key.sign(prepared.payload))
    leaf = leaf_of(sub, sub_key, key, now)
    assert x509.validate_chain([leaf, sub], [root], now) == (leaf, sub, root)


def test_openssl_believes_it_too(new_key, now, tmp_path: Path) -> None:
    ca_key = new_key()
    ca = authority(ca_key, now)
    leaf = leaf_of(ca, ca_key, new_key(), now, dns=["a.example"], extended_key_usage=["1.0.18013.5.1.2"])
    for name, der in (("ca", ca), ("leaf", leaf)):
        pem = cx.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
        (tmp_path / name).write_bytes(pem)
    moment = str(int((now + timedelta(hours=1)).timestamp()))
    command = ["openssl", "verify", "-x509_strict", "-attime", moment, "-CAfile", tmp_path / "ca", tmp_path / "leaf"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_the_validity_is_written_in_the_form_of_its_century(new_key, now) -> None:
    key = new_key()
    prepared = x509.prepare_ca(
        SUBJECT, key.jwk, algorithm="ES256", serial=bytes(8), not_before=now, not_after=now.replace(year=2051)
    )
    der = x509.seal(prepared, key.sign(prepared.payload))
    assert x509.load_certificate(der).not_after.year == 2051


def test_a_serial_number_is_positive_and_of_sound_length(new_key, now) -> None:
    key = new_key()
    times = {"not_before": now, "not_after": now}
    for serial in (b"", bytes(7), bytes(21)):
        with pytest.raises(Malformed):
            x509.prepare_ca(SUBJECT, key.jwk, algorithm="ES256", serial=serial, **times)
    prepared = x509.prepare_ca(SUBJECT, key.jwk, algorithm="ES256", serial=b"\xff" * 20, **times)
    certificate = cx.load_der_x509_certificate(x509.seal(prepared, key.sign(prepared.payload)))
    assert 0 < certificate.serial_number < 1 << 159


def test_an_algorithm_without_certificates_is_refused(new_key, now) -> None:
    with pytest.raises(Malformed):
        x509.prepare_ca(SUBJECT, new_key().jwk, algorithm="HS256", serial=bytes(8), not_before=now, not_after=now)


def test_a_certificate_signed_by_another_key_is_not_believed(new_key, now) -> None:
    ca = authority(new_key(), now)
    leaf = leaf_of(ca, new_key(), new_key(), now)
    with pytest.raises(x509.UntrustedCertificate):
        x509.validate_chain([leaf], [ca], now)
