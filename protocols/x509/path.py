"""Certification path validation (RFC 5280, 6.1) to anchors that a tenant configured. No system trust store, ever."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import ClassVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtensionOID

from protocols.errors import Malformed, ProtocolError
from protocols.x509.certificate import Certificate, load_certificate, parse_chain
from protocols.x509.name_constraints import require_permitted

_WEAK = (hashes.MD5, hashes.SHA1)
_UNDERSTOOD = frozenset(
    oid.dotted_string
    for oid in (
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.NAME_CONSTRAINTS,
        # No policy is asked for, so every policy is accepted (RFC 5280, 6.1.1 (c)).
        ExtensionOID.CERTIFICATE_POLICIES,
    )
)
_ANY_EXTENDED_KEY_USAGE = "2.5.29.37.0"


class UntrustedCertificate(ProtocolError):
    """The certificate chain does not lead to a trusted authority."""

    code: ClassVar[str] = "untrusted_certificate"


def validate_chain(
    chain: Sequence[bytes],
    anchors: Sequence[bytes],
    now: datetime,
    *,
    anchor_in_chain: bool = False,
    extended_key_usage: str | None = None,
) -> tuple[bytes, ...]:
    """The whole path, leaf first and anchor last, or UntrustedCertificate (Malformed when it is no chain at all).

    `anchor_in_chain` tolerates the anchor as the chain's last certificate, which HAIP 1.0 forbids; the leaf must
    carry `extended_key_usage` when one is named. Revocation is the caller's to ask.
    """
    path = [load_certificate(der) for der in parse_chain(tuple(chain))]
    trusted = frozenset(anchors)
    # 1. an anchor is configured and never taken from the peer
    if anchor_in_chain and len(path) > 1 and path[-1].der in trusted:
        path.pop()
    _require_leaf(path[0], extended_key_usage)
    if any(certificate.der in trusted or _self_signed(certificate) for certificate in path):
        raise UntrustedCertificate("trust anchor inside the chain")
    # 2. every certificate by itself: validity, algorithms, extensions we must understand
    for certificate in path:
        _require_sound(certificate, now)
    # 3. from the leaf up: each certified by the next, the last by an anchor
    for child, parent in pairwise(path):
        if not _certified_by(child.der, parent.der):
            raise UntrustedCertificate("a certificate is not certified by the next")
    anchor = _anchor_of(path[-1], trusted, now)
    # 4. from the anchor down: authority, path length and permitted names
    whole = [*path, anchor]
    for depth, authority in enumerate(whole[1:]):
        _require_authority(authority, whole[1 : depth + 1], extended_key_usage)
        require_permitted(authority, [c for c in whole[: depth + 1] if c is whole[0] or not c.self_issued], _refuse)
    return tuple(certificate.der for certificate in whole)


def _self_signed(certificate: Certificate) -> bool:
    return certificate.self_issued and _certified_by(certificate.der, certificate.der)


def _refuse(reason: str) -> UntrustedCertificate:
    return UntrustedCertificate(reason)


def _require_leaf(leaf: Certificate, extended_key_usage: str | None) -> None:
    if leaf.self_issued:
        raise UntrustedCertificate("leaf is self-signed")
    if leaf.ca or (leaf.key_usage is not None and leaf.key_usage.key_cert_sign):
        raise UntrustedCertificate("leaf is a CA")
    if leaf.key_usage is not None and not leaf.key_usage.digital_signature:
        raise UntrustedCertificate("leaf is not for signatures")
    if extended_key_usage is not None and extended_key_usage not in (leaf.extended_key_usage or ()):
        raise UntrustedCertificate("leaf lacks the extended key usage")


def _require_sound(certificate: Certificate, now: datetime) -> None:
    if now < certificate.not_before:
        raise UntrustedCertificate("certificate is not valid yet")
    if now > certificate.not_after:
        raise UntrustedCertificate("certificate has expired")
    if certificate.jwk is None:
        raise UntrustedCertificate("certificate with an unacceptable key")
    if not certificate.critical <= _UNDERSTOOD:
        raise UntrustedCertificate("certificate with an unknown critical extension")


@lru_cache(maxsize=4096)
def _certified_by(child: bytes, parent: bytes) -> bool:
    """Name chaining and signature, which time does not change."""
    certificate, authority = load_certificate(child), load_certificate(parent)
    if not list(authority.subject) or certificate.issuer != authority.subject or authority.jwk is None:
        return False
    try:
        digest = certificate.parsed.signature_hash_algorithm
        if isinstance(digest, _WEAK):
            raise UntrustedCertificate("certificate signed with a weak hash")
        certificate.parsed.verify_directly_issued_by(authority.parsed)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _anchor_of(last: Certificate, anchors: frozenset[bytes], now: datetime) -> Certificate:
    expired = False
    for der in anchors:
        anchor = _load_anchor(der)
        if anchor is None or not _certified_by(last.der, anchor.der):
            continue
        try:
            _require_sound(anchor, now)
        except UntrustedCertificate:
            expired = True
            continue
        return anchor
    raise UntrustedCertificate("the trust anchor cannot be used" if expired else "no path to a trust anchor")


def _load_anchor(der: bytes) -> Certificate | None:
    """One anchor that cannot be read must not take the others with it."""
    try:
        return load_certificate(der)
    except Malformed:
        return None


def _require_authority(authority: Certificate, below: Sequence[Certificate], extended_key_usage: str | None) -> None:
    if not authority.ca:
        raise UntrustedCertificate("an issuing certificate is no CA")
    if authority.key_usage is not None and not authority.key_usage.key_cert_sign:
        raise UntrustedCertificate("an issuing certificate may not certify")
    intermediates = sum(not certificate.self_issued for certificate in below)
    if authority.path_length is not None and intermediates > authority.path_length:
        raise UntrustedCertificate("path longer than an authority allows")
    allowed = authority.extended_key_usage
    if extended_key_usage and allowed is not None and allowed.isdisjoint({extended_key_usage, _ANY_EXTENDED_KEY_USAGE}):
        raise UntrustedCertificate("an authority is not for this extended key usage")
