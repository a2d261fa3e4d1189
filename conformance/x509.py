"""Certificate chains as `x5c` carries them: read, and walked to a trust anchor (RFC 5280, section 6, without policies)."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from conformance.jose import Jwk, Unreadable, b64u, jwk_of

Chain = tuple[x509.Certificate, ...]


def chain_of(header: dict[str, Any]) -> Chain:
    """The `x5c` of a JOSE header: base64 (not base64url) DER, leaf first (RFC 7515, section 4.1.6)."""
    encoded = header.get("x5c")
    if not isinstance(encoded, list) or not encoded:
        raise Unreadable("no x5c array in the JOSE header")
    try:
        return tuple(x509.load_der_x509_certificate(base64.b64decode(entry, validate=True)) for entry in encoded)
    except (binascii.Error, ValueError, TypeError) as error:
        raise Unreadable(f"x5c holds no certificate: {error}") from error


def anchors_of(pem: bytes) -> Chain:
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as error:
        raise Unreadable(f"no PEM certificate: {error}") from error


def jwk_of_leaf(chain: Chain) -> Jwk:
    return jwk_of(chain[0].public_key())


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def thumbprint(certificate: x509.Certificate) -> str:
    return b64u(hashlib.sha256(der(certificate)).digest())


def names(certificate: x509.Certificate) -> list[str]:
    """The dNSName entries of the leaf."""
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return alternative.get_values_for_type(x509.DNSName)


def self_signed(certificate: x509.Certificate) -> bool:
    return certificate.subject == certificate.issuer and _signed_by(certificate, certificate)


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def require_path(chain: Chain, anchors: Sequence[x509.Certificate], now: datetime | None = None) -> x509.Certificate:
    """Walk the chain to one of the anchors; returns the anchor that ended it."""
    moment = now or datetime.now(UTC)
    known = {der(anchor) for anchor in anchors}
    for depth, certificate in enumerate(chain):
        _require_valid(certificate, moment)
        if der(certificate) in known and depth:
            return certificate
        above = chain[depth + 1] if depth + 1 < len(chain) else None
        anchor = next((a for a in anchors if _signed_by(certificate, a)), None)
        if anchor is not None and (above is None or der(above) not in known):
            _require_issuer(anchor, depth)
            _require_valid(anchor, moment)
            return anchor
        if above is None:
            raise Unreadable(f"no configured anchor signed {certificate.subject.rfc4514_string()!r}")
        if not _signed_by(certificate, above):
            raise Unreadable(f"certificate {depth + 1} of x5c did not sign certificate {depth}")
        _require_issuer(above, depth)
    raise Unreadable("empty chain")


def _require_valid(certificate: x509.Certificate, moment: datetime) -> None:
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        raise Unreadable(f"{certificate.subject.rfc4514_string()!r} is not valid now")


def _require_issuer(certificate: x509.Certificate, depth: int) -> None:
    """CA bit, path length and keyCertSign of a certificate that signed another (RFC 5280, section 6.1.4 k-n)."""
    subject = certificate.subject.rfc4514_string()
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound as error:
        raise Unreadable(f"{subject!r} signs certificates without basicConstraints") from error
    if not constraints.ca or (constraints.path_length is not None and constraints.path_length < depth):
        raise Unreadable(f"{subject!r} may not sign this certificate (basicConstraints)")
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not usage.key_cert_sign:
        raise Unreadable(f"{subject!r} may not sign certificates (keyUsage)")
