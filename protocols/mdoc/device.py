"""mdoc authentication: the device's signature or code over the session (ISO/IEC 18013-5, 9.1.3)."""

from collections.abc import Container, Mapping
from typing import Any, ClassVar

from protocols.cose.cbor import embed, encode
from protocols.cose.mac0 import open_mac0, verify_mac0
from protocols.cose.sign1 import open_sign1, verify
from protocols.errors import ProtocolError
from protocols.mdoc.mso import KeyAuthorizations
from protocols.mdoc.response import Document


class InvalidDeviceAuthentication(ProtocolError):
    """The device's authentication of the session is not valid."""

    code: ClassVar[str] = "invalid_key_binding"


def device_authentication(transcript: bytes, doc_type: str, device_namespaces: bytes) -> bytes:
    """DeviceAuthenticationBytes (9.1.3.4) from an encoded SessionTranscript and DeviceNameSpacesBytes as received."""
    return embed(b"\x84" + encode("DeviceAuthentication") + transcript + encode(doc_type) + device_namespaces)


def verify_signature(
    document: Document, transcript: bytes, device_key: Mapping[str, Any], allowed: Container[int]
) -> None:
    """Believe deviceSignature (9.1.3.6). Raises InvalidDeviceAuthentication, also for a deviceMac."""
    if document.device_signature is None:
        raise InvalidDeviceAuthentication("a code where a signature is needed")
    signed = device_authentication(transcript, document.doc_type, document.device_namespaces)
    try:
        verify(open_sign1(document.device_signature), device_key, allowed, signed)
    except ProtocolError as error:
        raise InvalidDeviceAuthentication(error.detail or type(error).__name__) from None
    require_authorized(document)


def verify_mac(document: Document, transcript: bytes, e_mac_key: bytes) -> None:
    """Believe deviceMac (9.1.3.5) with the key that `session_key` derives. Raises InvalidDeviceAuthentication."""
    if document.device_mac is None:
        raise InvalidDeviceAuthentication("a signature where a code is expected")
    signed = device_authentication(transcript, document.doc_type, document.device_namespaces)
    try:
        verify_mac0(open_mac0(document.device_mac), e_mac_key, signed)
    except ProtocolError as error:
        raise InvalidDeviceAuthentication(error.detail or type(error).__name__) from None
    require_authorized(document)


def require_authorized(document: Document) -> None:
    """The device signed no element that the issuer does not let it sign. Raises InvalidDeviceAuthentication."""
    authorizations = document.issuer_signed.mso.authorizations
    for namespace, elements in document.device_elements.items():
        if not _allowed(authorizations, namespace, elements):
            raise InvalidDeviceAuthentication("a device-signed element that is not authorized")


def _allowed(authorizations: KeyAuthorizations, namespace: str, elements: Mapping[Any, Any]) -> bool:
    named = (authorizations.elements or {}).get(namespace, frozenset())
    return namespace in authorizations.namespaces or elements.keys() <= named
