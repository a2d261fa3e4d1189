"""A certificate authority of the suite's own, which a verifier under test is told to trust: what it certifies is well
signed, and wrong in one thing when a check wants it so."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from conformance.jose import Key

DOCUMENT_SIGNER = x509.ObjectIdentifier("1.0.18013.5.1.2")
_USAGES = (
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


@dataclass(frozen=True, slots=True)
class Wish:
    """What a certificate is to say; the defaults are an honest end-entity's."""

    name: str = "issuer.example"
    days: tuple[float, float] = (-1, 30)
    ca: bool = False
    usage: str = "digital_signature"
    dns: tuple[str, ...] = ("issuer.example",)
    country: str = "DE"
    document_signer: bool = False


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate that may certify, and its key."""

    certificate: x509.Certificate
    key: Key

    def certify(self, key: Key, wish: Wish | None = None) -> x509.Certificate:
        """A certificate for `key`; whether this authority may certify is not asked."""
        wanted = wish or Wish()
        return _build(wanted, key, self.certificate.subject, self.certificate.public_key(), self.key)

    def below(self, name: str = "Intermediate", **wishes: Any) -> "Authority":
        """An authority that this one certified."""
        key = Key()
        return Authority(self.certify(key, Wish(name, ca=True, usage="key_cert_sign", dns=(), **wishes)), key)


def create(name: str = "Conformance Root", country: str = "DE") -> Authority:
    """A new root, which is in nobody's trust until somebody puts it there."""
    key, wish = Key(), Wish(name, (-1, 3650), ca=True, usage="key_cert_sign", dns=(), country=country)
    return Authority(_build(wish, key, _subject(wish), key.private.public_key(), key), key)


def read(certificate: Path, key: Path) -> Authority:
    """Raises OSError, and ValueError or TypeError when the files hold none."""
    private = load_pem_private_key(key.read_bytes(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{key.name} is not an EC key")
    return Authority(x509.load_pem_x509_certificate(certificate.read_bytes()), Key(private))


def write(authority: Authority, folder: Path) -> None:
    """`authority.pem` and `authority.key` (PKCS #8, for its owner's eyes only)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "authority.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    write_secret(folder / "authority.key", private_pem(authority.key))


def private_pem(key: Key) -> bytes:
    """PKCS #8, in clear."""
    return key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def write_secret(file: Path, content: bytes) -> None:
    """For its owner's eyes only."""
    file.touch(mode=0o600)
    file.write_bytes(content)


def der(chain: Sequence[x509.Certificate]) -> tuple[bytes, ...]:
    return tuple(one.public_bytes(Encoding.DER) for one in chain)


def _subject(wish: Wish) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COUNTRY_NAME, wish.country),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, wish.name),
        ]
    )


def _build(wish: Wish, key: Key, issuer: x509.Name, above: Any, signer: Key) -> x509.Certificate:
    now = datetime.now(UTC)
    usage = x509.KeyUsage(**{name: name == wish.usage for name in _USAGES})
    builder = (
        x509.CertificateBuilder(subject_name=_subject(wish), issuer_name=issuer)
        .public_key(key.private.public_key())
        .serial_number(secrets.randbits(120) | 1)
        .not_valid_before(now + timedelta(days=wish.days[0]))
        .not_valid_after(now + timedelta(days=wish.days[1]))
        .add_extension(x509.BasicConstraints(ca=wish.ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.private.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above), critical=False)
    )
    if wish.dns:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(map(x509.DNSName, wish.dns))), critical=False)
    if wish.document_signer:
        builder = builder.add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNER]), critical=True)
    return builder.sign(signer.private, hashes.SHA256())
