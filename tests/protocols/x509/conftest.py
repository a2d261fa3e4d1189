"""Certificates of any quality, signed here so that a test can get every detail wrong."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEYS = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("root", "sub", "sub2", "leaf", "evil")}


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


def key_usage(*names: str) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{each: each in names for each in every})


def make(
    subject: str,
    issuer: str,
    *,
    key: Any = None,
    signer: Any = None,
    ca: bool | None = None,
    path_length: int | None = None,
    usage: tuple[str, ...] | None = None,
    validity: tuple[datetime, datetime] = (NOW - timedelta(days=1), NOW + timedelta(days=1)),
    digest: hashes.HashAlgorithm | None = None,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
) -> bytes:
    key = key or KEYS[subject]
    signer = signer or KEYS[issuer]
    ca = subject != "leaf" if ca is None else ca
    usage = (("key_cert_sign",) if ca else ("digital_signature",)) if usage is None else usage
    builder = x509.CertificateBuilder(name(issuer), name(subject), key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(validity[0]).not_valid_after(validity[1])
    builder = builder.add_extension(x509.BasicConstraints(ca, path_length if ca else None), critical=True)
    if usage:
        builder = builder.add_extension(key_usage(*usage), critical=True)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else digest or hashes.SHA256()
    return builder.sign(signer, algorithm).public_bytes(Encoding.DER)


@pytest.fixture(scope="session")
def certify() -> Callable[..., bytes]:
    return make


@pytest.fixture(scope="session")
def usage() -> Callable[..., x509.KeyUsage]:
    return key_usage


@pytest.fixture(scope="session")
def keys() -> dict[str, Any]:
    return KEYS


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW
