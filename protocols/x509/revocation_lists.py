"""Certificate revocation lists of others (RFC 5280, 5 and 6.3): where a certificate's is, and what it says."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID

from protocols.errors import Malformed, ProtocolError
from protocols.x509.certificate import load_certificate

MAX_BYTES = 4_000_000
_MOST_ADDRESSES = 3
_WEAK = (hashes.MD5, hashes.SHA1)
_UNDERSTOOD = frozenset({ExtensionOID.ISSUING_DISTRIBUTION_POINT, ExtensionOID.AUTHORITY_KEY_IDENTIFIER})
_REMOVED = x509.ReasonFlags.remove_from_crl


class InvalidCrl(ProtocolError):
    """The certificate revocation list cannot be believed."""

    code: ClassVar[str] = "invalid_crl"


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A list that its authority signed: the serial numbers it revoked, for leaves, for authorities or for both."""

    this_update: datetime
    next_update: datetime
    serials: frozenset[int]
    leaves: bool = True
    authorities: bool = True

    def covers(self, certificate: bytes) -> bool:
        """Whether it speaks of such a certificate at all."""
        return self.authorities if load_certificate(certificate).ca else self.leaves


def crl_addresses(certificate: bytes) -> tuple[str, ...]:
    """Where the certificate (DER) says that its list is, http and https, few of them (4.2.1.13)."""
    try:
        points = load_certificate(certificate).parsed.extensions.get_extension_for_class(x509.CRLDistributionPoints)
    except x509.ExtensionNotFound:
        return ()
    names = [name for point in points.value if point.reasons is None for name in point.full_name or ()]
    found = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    return tuple(one for one in found if one.lower().startswith(("http://", "https://")))[:_MOST_ADDRESSES]


def serial_of(certificate: bytes) -> int:
    """The serial number of a certificate (DER)."""
    return load_certificate(certificate).parsed.serial_number


def read_crl(der: bytes, authority: bytes, now: datetime) -> RevocationList:
    """Believe a complete list (DER) by its authority's certificate. Raises InvalidCrl.

    Time grows with the list: for who must not be kept waiting it is done in the sandbox.
    """
    try:
        found = x509.load_der_x509_crl(der)
        extensions = {one.oid: one for one in found.extensions}
        # 1. whose it is
        above = load_certificate(authority)
        if found.issuer != above.subject or (above.key_usage is not None and not above.key_usage.crl_sign):
            raise InvalidCrl("not of this authority")
        # 2. the signature
        if isinstance(found.signature_hash_algorithm, _WEAK):
            raise InvalidCrl("weak hash")
        if not found.is_signature_valid(above.parsed.public_key()):  # type: ignore[arg-type]
            raise InvalidCrl("signature")
        # 3. times
        begins, ends = found.last_update_utc, found.next_update_utc
        if ends is None or not begins <= now < ends:
            raise InvalidCrl("not of now")
        # 4. that it is a whole one, and nothing that decides is unknown
        if any(one.critical and one.oid not in _UNDERSTOOD for one in extensions.values()):
            raise InvalidCrl("unknown critical extension")
        leaves, authorities = _scope(extensions.get(ExtensionOID.ISSUING_DISTRIBUTION_POINT))
        serials = frozenset(one.serial_number for one in found if not _removed(one))
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, Malformed) as error:
        raise InvalidCrl(type(error).__name__) from None
    return RevocationList(begins, ends, serials, leaves, authorities)


def _scope(point: "x509.Extension[x509.ExtensionType] | None") -> tuple[bool, bool]:
    """Whether the list speaks of leaves, and of authorities (5.2.5). Raises InvalidCrl for one that is a part."""
    if point is None:
        return True, True
    value = point.value
    if not isinstance(value, x509.IssuingDistributionPoint):
        raise InvalidCrl("issuing distribution point")
    if value.indirect_crl or value.only_some_reasons or value.only_contains_attribute_certs:
        raise InvalidCrl("a part of a list, or another's")
    return not value.only_contains_ca_certs, not value.only_contains_user_certs


def _removed(one: x509.RevokedCertificate) -> bool:
    """Entries of a critical kind that is not understood count as revoked: the certificate is named."""
    try:
        reason = one.extensions.get_extension_for_oid(CRLEntryExtensionOID.CRL_REASON).value
    except x509.ExtensionNotFound:
        return False
    return isinstance(reason, x509.CRLReason) and reason.reason is _REMOVED
