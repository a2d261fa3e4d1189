"""Whom a client's certificate has to name (RFC 8705, 2.1.2): one member of its registration, and its value."""

import ipaddress
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from protocols.errors import Malformed
from protocols.x509 import Certificate, load_certificate

SUBJECT_DN = "tls_client_auth_subject_dn"
_ALTERNATIVE: dict[str, type[x509.GeneralName]] = {
    "tls_client_auth_san_dns": x509.DNSName,
    "tls_client_auth_san_uri": x509.UniformResourceIdentifier,
    "tls_client_auth_san_ip": x509.IPAddress,
    "tls_client_auth_san_email": x509.RFC822Name,
}
MEMBERS = (SUBJECT_DN, *_ALTERNATIVE)
# As registrations write them (RFC 4514, 3 and 4), in small letters too.
_ATTRIBUTES = {
    "cn": NameOID.COMMON_NAME,
    "l": NameOID.LOCALITY_NAME,
    "st": NameOID.STATE_OR_PROVINCE_NAME,
    "o": NameOID.ORGANIZATION_NAME,
    "ou": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "c": NameOID.COUNTRY_NAME,
    "street": NameOID.STREET_ADDRESS,
    "dc": NameOID.DOMAIN_COMPONENT,
    "uid": NameOID.USER_ID,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "emailAddress": NameOID.EMAIL_ADDRESS,
}
_CLIENT_USAGES = {ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string, "2.5.29.37.0"}


@dataclass(frozen=True, slots=True)
class CertificateSubject:
    """`member` is the registration's, as tls_client_auth_san_dns; `value` what the certificate must say."""

    member: str
    value: str

    def __post_init__(self) -> None:
        """Raises Malformed when no certificate could ever say this."""
        if self.member not in MEMBERS or not 1 <= len(self.value) <= 1024:
            raise Malformed("not a subject of a certificate")
        _comparable(self.member, self.value)

    def __str__(self) -> str:
        return f"{self.member}={self.value}"

    def names(self, der: bytes) -> bool:
        """Whether this certificate (DER) names it and may be a client's. Raises Malformed when it cannot be read."""
        certificate = load_certificate(der)
        usages = certificate.extended_key_usage
        if usages is not None and usages.isdisjoint(_CLIENT_USAGES):
            return False
        return _comparable(self.member, self.value) in _stated(self.member, certificate)


def read(text: str) -> CertificateSubject:
    """What `str` of it wrote. Raises Malformed."""
    member, _, value = text.partition("=")
    return CertificateSubject(member, value)


def _comparable(member: str, value: str) -> Any:
    try:
        if member == SUBJECT_DN:
            return _distinguished(x509.Name.from_rfc4514_string(value, _ATTRIBUTES))
        if member == "tls_client_auth_san_ip":
            return ipaddress.ip_address(value)
    except ValueError:
        raise Malformed(f"not a {member}") from None
    return value.lower() if member == "tls_client_auth_san_dns" else value


def _stated(member: str, certificate: Certificate) -> list[Any]:
    if member == SUBJECT_DN:
        return [_distinguished(certificate.subject)]
    kind = _ALTERNATIVE[member]
    found = [name.value for name in certificate.alternative_names if isinstance(name, kind)]
    return [name.lower() for name in found] if member == "tls_client_auth_san_dns" else found


def _distinguished(name: x509.Name) -> tuple[Any, ...]:
    """By distinguishedNameMatch: case and the width of spaces say nothing (RFC 4517, 4.2.15 and 4.2.11)."""
    found = tuple(frozenset((one.oid, " ".join(str(one.value).casefold().split())) for one in rdn) for rdn in name.rdns)
    if not found:
        raise Malformed("an empty subject names nobody")
    return found
