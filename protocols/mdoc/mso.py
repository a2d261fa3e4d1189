"""The Mobile Security Object: what the issuer signs (ISO/IEC 18013-5, 9.1.2.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from protocols.cose.cbor import decode, unwrap
from protocols.cose.key import to_jwk
from protocols.errors import Malformed
from protocols.mdoc.errors import InvalidMdoc
from protocols.mdoc.values import read_tdate

DIGESTS = {"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


@dataclass(frozen=True, slots=True)
class KeyAuthorizations:
    """Which elements the device key may sign: whole namespaces, or elements by namespace."""

    namespaces: frozenset[str] = frozenset()
    elements: Mapping[str, frozenset[str]] | None = None


@dataclass(frozen=True, slots=True)
class MobileSecurityObject:
    """The MSO taken apart. `device_key` is a public JWK, `digest` a hashlib name, `status` as it stands there."""

    doc_type: str
    digest: str
    value_digests: Mapping[str, Mapping[int, bytes]]
    device_key: Mapping[str, Any]
    authorizations: KeyAuthorizations
    signed: datetime
    valid_from: datetime
    valid_until: datetime
    status: Mapping[str, Any] | None


def parse(payload: bytes) -> MobileSecurityObject:
    """MobileSecurityObjectBytes, the payload of issuerAuth. Raises InvalidMdoc, Malformed."""
    found = decode(unwrap(payload))
    members = found if isinstance(found, dict) else {}
    version, algorithm, doc_type = (members.get(name) for name in ("version", "digestAlgorithm", "docType"))
    if not isinstance(version, str) or not version.startswith("1."):
        raise InvalidMdoc("version of the security object")
    if not isinstance(algorithm, str) or algorithm not in DIGESTS:
        raise InvalidMdoc("digest algorithm")
    if not isinstance(doc_type, str) or not doc_type:
        raise InvalidMdoc("docType of the security object")
    status = members.get("status")
    if status is not None and not isinstance(status, dict):
        raise InvalidMdoc("status")
    device, validity = members.get("deviceKeyInfo"), members.get("validityInfo")
    if not isinstance(device, dict) or not isinstance(validity, dict):
        raise InvalidMdoc("the security object lacks a member")
    signed, begins, ends = (read_tdate(validity.get(name)) for name in ("signed", "validFrom", "validUntil"))
    if ends <= begins:
        raise InvalidMdoc("validity ends before it begins")
    return MobileSecurityObject(
        doc_type=doc_type,
        digest=DIGESTS[algorithm],
        value_digests=_digests(members.get("valueDigests")),
        device_key=_device_key(device.get("deviceKey")),
        authorizations=_authorizations(device.get("keyAuthorizations")),
        signed=signed,
        valid_from=begins,
        valid_until=ends,
        status=status,
    )


def require_valid(mso: MobileSecurityObject, now: datetime, skew: int) -> None:
    """validFrom and validUntil against now, `skew` in seconds (9.3.1). Raises InvalidMdoc."""
    tolerance = timedelta(seconds=skew)
    if now + tolerance < mso.valid_from:
        raise InvalidMdoc("not valid yet")
    if now - tolerance >= mso.valid_until:
        raise InvalidMdoc("expired")


def _digests(found: Any) -> Mapping[str, Mapping[int, bytes]]:
    if not isinstance(found, dict) or not found:
        raise InvalidMdoc("valueDigests")
    for namespace, digests in found.items():
        if not isinstance(namespace, str) or not isinstance(digests, dict):
            raise InvalidMdoc("valueDigests of a namespace")
        if {*map(type, digests)} != {int} or {*map(type, digests.values())} != {bytes}:
            raise InvalidMdoc("a digest or its id")
    return found


def _device_key(key: Any) -> Mapping[str, Any]:
    try:
        return to_jwk(key)
    except Malformed as error:
        raise InvalidMdoc(error.detail) from None


def _authorizations(found: Any) -> KeyAuthorizations:
    if found is None:
        return KeyAuthorizations()
    if not isinstance(found, dict):
        raise InvalidMdoc("keyAuthorizations")
    namespaces, elements = found.get("nameSpaces", []), found.get("dataElements", {})
    if not _are_texts(namespaces) or not isinstance(elements, dict) or not all(map(_are_texts, elements.values())):
        raise InvalidMdoc("keyAuthorizations")
    return KeyAuthorizations(frozenset(namespaces), {name: frozenset(one) for name, one in elements.items()})


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
