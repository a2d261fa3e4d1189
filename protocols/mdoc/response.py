"""IssuerSigned and DeviceResponse taken apart (ISO/IEC 18013-5, 8.3.2.1.2.2), nothing of them believed."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocols.cose.cbor import decode, embed, embedded
from protocols.cose.sign1 import CoseSign1, open_sign1, x5chain
from protocols.mdoc import mso as security_objects
from protocols.mdoc.errors import InvalidMdoc
from protocols.mdoc.mso import MobileSecurityObject
from protocols.x509 import parse_chain

MIN_RANDOM = 16
MAX_ELEMENTS = 500
_NOTHING = b"\xa0"


@dataclass(frozen=True, slots=True)
class IssuerSignedItem:
    """One data element. `encoded` is the IssuerSignedItemBytes as received, over which the digest goes."""

    encoded: bytes
    digest_id: int
    element: str
    value: Any


@dataclass(frozen=True, slots=True)
class IssuerSigned:
    """What an issuer signed: the items disclosed, and the security object with the chain of who signed it."""

    namespaces: Mapping[str, tuple[IssuerSignedItem, ...]]
    issuer_auth: CoseSign1
    chain: tuple[bytes, ...]
    mso: MobileSecurityObject


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a DeviceResponse. `device_namespaces` is the DeviceNameSpacesBytes as received."""

    doc_type: str
    issuer_signed: IssuerSigned
    device_namespaces: bytes
    device_elements: Mapping[str, Mapping[str, Any]]
    device_signature: Any
    device_mac: Any


def parse_issuer_signed(data: bytes) -> IssuerSigned:
    """A credential as issued (OpenID4VCI 1.0, A.2.4). Raises InvalidMdoc, Malformed, InvalidCose."""
    return _issuer_signed(decode(data), data)


def parse_device_response(data: bytes) -> tuple[Document, ...]:
    """The documents of a DeviceResponse that reports success. Raises InvalidMdoc, Malformed, InvalidCose."""
    response = decode(data)
    if not isinstance(response, dict) or not isinstance(response.get("version"), str):
        raise InvalidMdoc("no DeviceResponse")
    documents, status = response.get("documents"), response.get("status")
    if not response["version"].startswith("1.") or type(status) is not int or status != 0:
        raise InvalidMdoc("version or status of the response")
    if not isinstance(documents, list) or not documents:
        raise InvalidMdoc("no documents")
    return tuple(_document(one, data) for one in documents)


def _document(document: Any, received: bytes) -> Document:
    members = _map(document, "document")
    doc_type, signed = members.get("docType"), _map(members.get("deviceSigned"), "deviceSigned")
    if not isinstance(doc_type, str):
        raise InvalidMdoc("docType")
    issuer_signed = _issuer_signed(members.get("issuerSigned"), received)
    if doc_type != issuer_signed.mso.doc_type:
        raise InvalidMdoc("docType differs from the security object's")
    authentication = _map(signed.get("deviceAuth"), "deviceAuth")
    if authentication.keys() not in ({"deviceSignature"}, {"deviceMac"}):
        raise InvalidMdoc("one of deviceSignature and deviceMac")
    content = embedded(signed.get("nameSpaces"))
    elements = {} if content == _NOTHING else _map(decode(content), "device-signed namespaces")
    if not all(isinstance(name, str) and isinstance(one, dict) for name, one in elements.items()):
        raise InvalidMdoc("device-signed namespaces")
    return Document(
        doc_type,
        issuer_signed,
        _as_received(content, received),
        elements,
        authentication.get("deviceSignature"),
        authentication.get("deviceMac"),
    )


def _issuer_signed(found: Any, received: bytes) -> IssuerSigned:
    members = _map(found, "issuerSigned")
    issuer_auth = open_sign1(members.get("issuerAuth"))
    if issuer_auth.payload is None:
        raise InvalidMdoc("issuerAuth without a payload")
    namespaces = _map(members.get("nameSpaces", {}), "nameSpaces")
    if sum(len(items) for items in namespaces.values() if isinstance(items, list)) > MAX_ELEMENTS:
        raise InvalidMdoc("too many elements")
    return IssuerSigned(
        {_name(name): _items(items, received) for name, items in namespaces.items()},
        issuer_auth,
        parse_chain(x5chain(issuer_auth)),
        security_objects.parse(issuer_auth.payload),
    )


def _items(items: Any, received: bytes) -> tuple[IssuerSignedItem, ...]:
    if not isinstance(items, list) or not items:
        raise InvalidMdoc("a namespace without elements")
    found = tuple(_item(one, received) for one in items)
    if len({one.element for one in found}) != len(found) or len({one.digest_id for one in found}) != len(found):
        raise InvalidMdoc("an element or a digest id twice")
    return found


def _item(item: Any, received: bytes) -> IssuerSignedItem:
    content = embedded(item)
    members = _map(decode(content), "item")
    digest_id, random, element = (members.get(name) for name in ("digestID", "random", "elementIdentifier"))
    if type(digest_id) is not int or digest_id < 0 or not isinstance(element, str) or "elementValue" not in members:
        raise InvalidMdoc("an item lacks a member")
    if not isinstance(random, bytes) or len(random) < MIN_RANDOM:
        raise InvalidMdoc("an item without enough randomness")
    return IssuerSignedItem(_as_received(content, received), digest_id, element, members["elementValue"])


def _as_received(content: bytes, received: bytes) -> bytes:
    """The tagged bytes, which must stand in the input so: a length written otherwise was not what was signed."""
    encoded = embed(content)
    if encoded not in received:
        raise InvalidMdoc("an encoded item whose length is not in the shortest form")
    return encoded


def _map(value: Any, where: str) -> Mapping[Any, Any]:
    if not isinstance(value, dict):
        raise InvalidMdoc(f"{where}: not a map")
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidMdoc("a namespace that is no text")
    return value


def require_digests(issuer_signed: IssuerSigned) -> None:
    """Every item is one that the issuer signed (9.3.1). Raises InvalidMdoc."""
    mso = issuer_signed.mso
    for namespace, items in issuer_signed.namespaces.items():
        digests = mso.value_digests.get(namespace, {})
        for item in items:
            expected = digests.get(item.digest_id)
            if expected is None:
                raise InvalidMdoc("an element that is not in the security object")
            if not hmac.compare_digest(hashlib.new(mso.digest, item.encoded).digest(), expected):
                raise InvalidMdoc("the digest of an element")
