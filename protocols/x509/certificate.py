"""Certificates read once and kept: what path validation and client identifiers ask of them."""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID

from protocols.errors import Malformed
from protocols.jose import jwk as jwks

MAX_CERTIFICATES = 10
MAX_OCTETS = 16_384


@dataclass(frozen=True, slots=True)
class Certificate:
    """A parsed certificate. `jwk` is None for a key of a kind we accept from nobody."""

    der: bytes
    parsed: x509.Certificate
    subject: x509.Name
    issuer: x509.Name
    not_before: datetime
    not_after: datetime
    jwk: Mapping[str, Any] | None
    ca: bool
    path_length: int | None
    key_usage: x509.KeyUsage | None
    extended_key_usage: frozenset[str] | None
    alternative_names: tuple[x509.GeneralName, ...]
    name_constraints: x509.NameConstraints | None
    critical: frozenset[str]

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer are the same name (RFC 5280, 3.2)."""
        return self.subject == self.issuer


@lru_cache(maxsize=2048)
def load_certificate(der: bytes) -> Certificate:
    """Parse one DER certificate, from a bounded cache. Raises Malformed."""
    if len(der) > MAX_OCTETS:
        raise Malformed("certificate too large")
    try:
        parsed = x509.load_der_x509_certificate(der)
        return _read(der, parsed)
    except (
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
        x509.DuplicateExtension,
        x509.InvalidVersion,
        x509.UnsupportedGeneralNameType,
    ):
        raise Malformed("not a certificate") from None


def _read(der: bytes, parsed: x509.Certificate) -> Certificate:
    if parsed.version is not x509.Version.v3:
        raise Malformed("certificate is not of version 3")
    found = {extension.oid: extension.value for extension in parsed.extensions}
    constraints: Any = found.get(ExtensionOID.BASIC_CONSTRAINTS)
    usages: Any = found.get(ExtensionOID.EXTENDED_KEY_USAGE)
    key_usage: Any = found.get(ExtensionOID.KEY_USAGE)
    names: Any = found.get(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
    name_constraints: Any = found.get(ExtensionOID.NAME_CONSTRAINTS)
    return Certificate(
        der=der,
        parsed=parsed,
        subject=parsed.subject,
        issuer=parsed.issuer,
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        jwk=_jwk(der),
        ca=constraints is not None and constraints.ca,
        path_length=None if constraints is None else constraints.path_length,
        key_usage=key_usage,
        extended_key_usage=None if usages is None else frozenset(usage.dotted_string for usage in usages),
        alternative_names=() if names is None else tuple(names),
        name_constraints=name_constraints,
        critical=frozenset(extension.oid.dotted_string for extension in parsed.extensions if extension.critical),
    )


def _jwk(der: bytes) -> Mapping[str, Any] | None:
    try:
        return jwks.from_certificate(der)
    except Malformed:
        return None


def parse_chain(chain: Sequence[str | bytes]) -> tuple[bytes, ...]:
    """An `x5c` value (RFC 7515, 4.1.6) or a list of DER as a tuple of DER, leaf first. Believes nothing."""
    if not isinstance(chain, list | tuple) or not 0 < len(chain) <= MAX_CERTIFICATES:
        raise Malformed("x5c is no list of certificates")
    found = tuple(_der(item) for item in chain)
    for der in found:
        load_certificate(der)
    if len(set(found)) != len(found):
        raise Malformed("x5c repeats a certificate")
    return found


def _der(item: str | bytes) -> bytes:
    if isinstance(item, bytes):
        return item
    if not isinstance(item, str) or len(item) > MAX_OCTETS * 2 or len(item) % 4:
        raise Malformed("x5c holds no certificate")
    try:
        return binascii.a2b_base64(item.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Malformed("x5c holds no base64") from None


def render_chain(chain: Iterable[bytes]) -> list[str]:
    """DER certificates as an `x5c` value."""
    return [base64.b64encode(der).decode("ascii") for der in chain]


def load_pem(text: bytes) -> tuple[bytes, ...]:
    """The certificates of a PEM file as DER, in its order. Raises Malformed."""
    try:
        found = [certificate.public_bytes(Encoding.DER) for certificate in x509.load_pem_x509_certificates(text)]
    except (ValueError, UnsupportedAlgorithm):
        raise Malformed("not PEM certificates") from None
    return parse_chain(found)


def render_pem(der: bytes) -> str:
    """One certificate as PEM (RFC 7468, 5)."""
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


def san_dns(der: bytes) -> tuple[str, ...]:
    """The dNSName entries of the subject alternative name, in lower case."""
    return tuple(n.value.lower() for n in load_certificate(der).alternative_names if isinstance(n, x509.DNSName))


def san_uris(der: bytes) -> tuple[str, ...]:
    """The uniformResourceIdentifier entries of the subject alternative name."""
    names = load_certificate(der).alternative_names
    return tuple(name.value for name in names if isinstance(name, x509.UniformResourceIdentifier))


def authority_key_identifiers(chain: Iterable[bytes]) -> frozenset[bytes]:
    """The key identifiers by which certificates name who certified them (RFC 5280, 4.2.1.1)."""
    found = set()
    for der in chain:
        try:
            named = load_certificate(der).parsed.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        except x509.ExtensionNotFound:
            continue
        if named.value.key_identifier is not None:
            found.add(named.value.key_identifier)
    return frozenset(found)


def thumbprint(der: bytes) -> bytes:
    """SHA-256 over the DER certificate, raw: what x5t#S256 and x509_hash encode."""
    return hashlib.sha256(der).digest()
