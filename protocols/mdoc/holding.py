"""A DeviceResponse made by a holder: chosen items, and the device's signature over the session."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from protocols.cose.cbor import ENCODED, Tag, decode, embed, embedded, encode
from protocols.cose.sign1 import PreparedSign1, prepare, seal
from protocols.mdoc.device import device_authentication
from protocols.mdoc.errors import InvalidMdoc
from protocols.mdoc.response import parse_issuer_signed

_NOTHING = encode({})


@dataclass(frozen=True, slots=True)
class PreparedResponse:
    """`device_auth.payload` is what the device key signs."""

    device_auth: PreparedSign1
    doc_type: str
    issuer_signed: Any


def prepare_response(
    credential: bytes, elements: Container[tuple[str, str]], transcript: bytes, algorithm: str
) -> PreparedResponse:
    """Choose `(namespace, element)` pairs of an IssuerSigned; items stay as they were issued. Raises InvalidMdoc."""
    issued = parse_issuer_signed(credential)
    found = decode(credential)
    chosen = {
        name: kept
        for name, items in found["nameSpaces"].items()
        if (kept := [one for one in items if (name, decode(embedded(one))["elementIdentifier"]) in elements])
    }
    if not chosen:
        raise InvalidMdoc("nothing chosen")
    signed = device_authentication(transcript, issued.mso.doc_type, embed(_NOTHING))
    device_auth = prepare(signed, algorithm, detached=True)
    return PreparedResponse(device_auth, issued.mso.doc_type, {"nameSpaces": chosen, "issuerAuth": found["issuerAuth"]})


def seal_response(prepared: PreparedResponse, signature: bytes) -> bytes:
    """The DeviceResponse, encoded."""
    document = {
        "docType": prepared.doc_type,
        "issuerSigned": prepared.issuer_signed,
        "deviceSigned": {
            "nameSpaces": Tag(ENCODED, _NOTHING),
            "deviceAuth": {"deviceSignature": seal(prepared.device_auth, signature)},
        },
    }
    return encode({"version": "1.0", "documents": [document], "status": 0})
