"""Certificate revocation lists (RFC 5280, 5) for keys that live in a key store: prepare -> sign -> seal."""

from collections.abc import Iterable
from datetime import datetime

from asn1crypto import crl, x509

from protocols.x509.building import (
    CertificateToBeSigned,
    der_signature,
    key_identifier_of,
    signature_algorithm,
    subject_of,
)

MEDIA_TYPE = "application/pkix-crl"


def prepare_crl(
    issuer: bytes,
    *,
    algorithm: str,
    number: int,
    this_update: datetime,
    next_update: datetime,
    revoked: Iterable[tuple[int, datetime]] = (),
) -> CertificateToBeSigned:
    """The list of the authority `issuer` (DER): (serial number, when) of what it revoked; `number` only ever grows."""
    entries = [
        {"user_certificate": serial, "revocation_date": x509.Time({"utc_time": when.replace(microsecond=0)})}
        for serial, when in revoked
    ]
    times = {"this_update": this_update, "next_update": next_update}
    tbs = crl.TbsCertList(
        {
            "version": "v2",
            "signature": signature_algorithm(algorithm),
            "issuer": subject_of(issuer),
            **{name: x509.Time({"utc_time": moment.replace(microsecond=0)}) for name, moment in times.items()},
            **({"revoked_certificates": entries} if entries else {}),
            "crl_extensions": [
                {
                    "extn_id": "authority_key_identifier",
                    "critical": False,
                    "extn_value": {"key_identifier": key_identifier_of(issuer)},
                },
                {"extn_id": "crl_number", "critical": False, "extn_value": number},
            ],
        }
    )
    return CertificateToBeSigned(tbs.dump(), algorithm)


def seal_crl(prepared: CertificateToBeSigned, signature: bytes) -> bytes:
    """The DER list of what was prepared and its raw signature."""
    sealed = crl.CertificateList(
        {
            "tbs_cert_list": crl.TbsCertList.load(prepared.payload),
            "signature_algorithm": signature_algorithm(prepared.algorithm),
            "signature": der_signature(prepared.algorithm, signature),
        }
    )
    der: bytes = sealed.dump()
    return der
