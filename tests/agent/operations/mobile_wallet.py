"""A wallet's side of mobile documents, with cbor2 and cryptography alone: nothing of ours builds what it sends."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.wallets import HolderKey, b64, unb64

MDL = "org.iso.18013.5.1.mDL"
NAMESPACE = "org.iso.18013.5.1"
PORTRAIT = "/9j/4AAQSkZJRgABAQEAYABgAAD/2Q=="
LICENCE = {
    "family_name": "Mustermann",
    "given_name": "Erika",
    "birth_date": "1964-08-12",
    "issue_date": "2024-01-01",
    "expiry_date": "2034-01-01",
    "issuing_country": "DE",
    "issuing_authority": "Kreis Musterstadt",
    "document_number": "B072RRE2I55",
    "portrait": PORTRAIT,
    "driving_privileges": [{"vehicle_category_code": "B", "issue_date": "1982-09-01"}],
    "un_distinguishing_sign": "D",
    "age_over_18": True,
}
ELEMENTS = ("family_name", "portrait", "driving_privileges")


def signed(key: HolderKey, payload: bytes) -> bytes:
    r, s = decode_dss_signature(key.private.sign(payload, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def thumbprint(jwk: Mapping[str, Any]) -> bytes:
    text = f'{{"crv":"{jwk["crv"]}","kty":"{jwk["kty"]}","x":"{jwk["x"]}","y":"{jwk["y"]}"}}'
    return hashlib.sha256(text.encode()).digest()


def transcript_of(request: Mapping[str, Any], **changes: Any) -> list[Any]:
    """SessionTranscript of a request by redirect (OpenID4VP 1.0, B.2.6.1)."""
    encrypted = request["response_mode"].endswith(".jwt")
    info = {
        "client_id": request["client_id"],
        "nonce": request["nonce"],
        "thumbprint": thumbprint(request["client_metadata"]["jwks"]["keys"][0]) if encrypted else None,
        "response_uri": request["response_uri"],
    } | changes
    return [None, None, ["OpenID4VPHandover", hashlib.sha256(cbor2.dumps(list(info.values()))).digest()]]


def device_auth(key: HolderKey, transcript: Any, doc_type: str = MDL) -> dict[str, Any]:
    nothing = cbor2.CBORTag(24, cbor2.dumps({}))
    content = cbor2.dumps(cbor2.CBORTag(24, cbor2.dumps(["DeviceAuthentication", transcript, doc_type, nothing])))
    protected = cbor2.dumps({1: -7})
    payload = cbor2.dumps(["Signature1", protected, b"", content])
    return {"deviceSignature": [protected, {}, None, signed(key, payload)]}


def present(
    credential: str,
    key: HolderKey,
    transcript: Any,
    elements: tuple[str, ...] = ELEMENTS,
    change: Callable[[dict[str, Any]], None] | None = None,
) -> str:
    """A DeviceResponse; `change` spoils it just before it is encoded."""
    issued = cbor2.loads(unb64(credential))
    chosen = {
        name: [one for one in items if cbor2.loads(one.value)["elementIdentifier"] in elements]
        for name, items in issued["nameSpaces"].items()
    }
    document = {
        "docType": MDL,
        "issuerSigned": {"nameSpaces": chosen, "issuerAuth": issued["issuerAuth"]},
        "deviceSigned": {
            "nameSpaces": cbor2.CBORTag(24, cbor2.dumps({})),
            "deviceAuth": device_auth(key, transcript),
        },
    }
    response = {"version": "1.0", "documents": [document], "status": 0}
    if change:
        change(response)
    return b64(cbor2.dumps(response))
