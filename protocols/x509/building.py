"""Certificates for keys that live in a key store: prepare -> the authority's key signs -> seal (RFC 5280, 4.1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import algos, keys, x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from protocols.errors import Malformed
from protocols.jose import jwk as jwks
from protocols.x509.certificate import load_certificate

_SIGNATURE = {
    "ES256": "sha256_ecdsa",
    "ES384": "sha384_ecdsa",
    "ES512": "sha512_ecdsa",
    "EdDSA": "ed25519",
    "Ed25519": "ed25519",
}
_CA_USAGE = {"key_cert_sign", "crl_sign"}
_LEAF_USAGE = {"digital_signature"}


@dataclass(frozen=True, slots=True)
class CertificateToBeSigned:
    """`payload` is the DER TBSCertificate that the authority's key signs with JWS `algorithm`."""

    payload: bytes
    algorithm: str


def prepare_ca(
    subject: Mapping[str, str],
    public_key: jwks.Jwk,
    *,
    algorithm: str,
    serial: bytes,
    not_before: datetime,
    not_after: datetime,
    issuer: bytes | None = None,
    path_length: int | None = 0,
) -> CertificateToBeSigned:
    """A CA certificate, self-signed unless `issuer` (DER) is the authority above.

    `subject` maps names such as common_name, organization_name, country_name; `algorithm` is that of the signing
    key; `serial` at least 8 random bytes.
    """
    constraints = {"ca": True, "path_len_constraint": path_length}
    extensions = [
        ("basic_constraints", True, constraints),
        ("key_usage", True, _CA_USAGE),
        *key_identifiers(public_key, key_identifier(public_key) if issuer is None else key_identifier_of(issuer)),
    ]
    name = x509.Name.build(dict(subject))
    authority = name if issuer is None else subject_of(issuer)
    return prepare_certificate((name, authority), public_key, algorithm, (serial, not_before, not_after), extensions)


def prepare_leaf(
    subject: Mapping[str, str],
    public_key: jwks.Jwk,
    *,
    algorithm: str,
    serial: bytes,
    not_before: datetime,
    not_after: datetime,
    issuer: bytes,
    dns: Iterable[str] = (),
    uris: Iterable[str] = (),
    extended_key_usage: Iterable[str] = (),
    crl: str | None = None,
) -> CertificateToBeSigned:
    """A certificate for a signing key, certified by the CA `issuer` (DER), with its DNS names and URIs.

    `crl` is the address of the list in which the CA would revoke it.
    """
    names = [x509.GeneralName("dns_name", name) for name in dns]
    names += [x509.GeneralName("uniform_resource_identifier", uri) for uri in uris]
    usages = list(extended_key_usage)
    extensions: list[tuple[str, bool, Any]] = [
        ("basic_constraints", True, {"ca": False}),
        ("key_usage", True, _LEAF_USAGE),
        *key_identifiers(public_key, key_identifier_of(issuer)),
        *([("subject_alt_name", False, names)] if names else []),
        *([("extended_key_usage", False, usages)] if usages else []),
        *([distribution_point(crl)] if crl else []),
    ]
    name, authority = x509.Name.build(dict(subject)), subject_of(issuer)
    return prepare_certificate((name, authority), public_key, algorithm, (serial, not_before, not_after), extensions)


def seal(prepared: CertificateToBeSigned, signature: bytes) -> bytes:
    """The DER certificate of what was prepared and its raw signature (r||s for ECDSA)."""
    sealed = x509.Certificate(
        {
            "tbs_certificate": x509.TbsCertificate.load(prepared.payload),
            "signature_algorithm": signature_algorithm(prepared.algorithm),
            "signature_value": der_signature(prepared.algorithm, signature),
        }
    )
    der: bytes = sealed.dump()
    load_certificate(der)
    return der


def der_signature(algorithm: str, signature: bytes) -> bytes:
    """A raw JWS signature as X.509 writes it."""
    if not algorithm.startswith("ES"):
        return signature
    half = len(signature) // 2
    return encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))


def prepare_certificate(
    names: tuple[Any, Any],
    public_key: jwks.Jwk,
    algorithm: str,
    numbers: tuple[bytes, datetime, datetime],
    extensions: Iterable[tuple[str, bool, Any]],
) -> CertificateToBeSigned:
    """Any certificate: (subject, issuer), key, algorithm of the signature, (serial, begin, end), extensions."""
    name, authority = names
    serial, begins, ends = numbers
    tbs = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": _serial(serial),
            "signature": signature_algorithm(algorithm),
            "issuer": authority,
            "validity": {"not_before": x509.Time(_time(begins)), "not_after": x509.Time(_time(ends))},
            "subject": name,
            "subject_public_key_info": keys.PublicKeyInfo.load(_spki(public_key)),
            "extensions": [
                {"extn_id": kind, "critical": critical, "extn_value": value} for kind, critical, value in extensions
            ],
        }
    )
    return CertificateToBeSigned(tbs.dump(), algorithm)


def _serial(octets: bytes) -> int:
    if not 8 <= len(octets) <= 20:
        raise Malformed("a serial number has 8 to 20 octets")
    # Positive and never of more than 20 octets (RFC 5280, 4.1.2.2).
    return int.from_bytes(octets) & ((1 << (8 * len(octets) - 1)) - 1) | 1


def _time(moment: datetime) -> dict[str, datetime]:
    # RFC 5280, 4.1.2.5: UTCTime through 2049.
    return {"utc_time" if moment.year < 2050 else "general_time": moment.replace(microsecond=0)}


def signature_algorithm(algorithm: str) -> Any:
    """The AlgorithmIdentifier of a JWS algorithm. Raises Malformed."""
    if algorithm not in _SIGNATURE:
        raise Malformed("certificates are not signed with this algorithm")
    return algos.SignedDigestAlgorithm({"algorithm": _SIGNATURE[algorithm]})


def _spki(public_key: jwks.Jwk) -> bytes:
    key = jwks.to_public_key(public_key)
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def distribution_point(address: str) -> tuple[str, bool, Any]:
    """The extension that says where the certificate's revocation list is (RFC 5280, 4.2.1.13)."""
    names = x509.GeneralNames([x509.GeneralName("uniform_resource_identifier", address)])
    point = x509.DistributionPointName("full_name", names)
    return "crl_distribution_points", False, [{"distribution_point": point}]


def key_identifier(public_key: jwks.Jwk) -> bytes:
    """SHA-1 over the key, as subject key identifier (RFC 5280, 4.2.1.2)."""
    identifier: bytes = keys.PublicKeyInfo.load(_spki(public_key)).sha1
    return identifier


def subject_of(issuer: bytes) -> Any:
    """The subject of a certificate, exactly as it is encoded there."""
    return x509.Certificate.load(load_certificate(issuer).der).subject


def key_identifier_of(issuer: bytes) -> bytes:
    """The subject key identifier that a certificate states, or that its key has."""
    authority = x509.Certificate.load(load_certificate(issuer).der)
    stated: bytes | None = authority.key_identifier
    return stated or bytes(authority.public_key.sha1)


def key_identifiers(public_key: jwks.Jwk, authority: bytes) -> list[tuple[str, bool, Any]]:
    """The extensions that name the key and its authority's."""
    return [
        ("key_identifier", False, key_identifier(public_key)),
        ("authority_key_identifier", False, {"key_identifier": authority}),
    ]
