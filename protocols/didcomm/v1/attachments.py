"""Signed attachments (RFC 0017) and the signature decorator (RFC 0234): what a key of an invitation vouches for."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocols.did import multikey
from protocols.didcomm.v1.pack import verkey
from protocols.didcomm.v1.services import did_key, key_of
from protocols.encoding import b64url, parse_b64url, parse_json_object, render_json
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jwk as jwks

SIGNATURE = "https://didcomm.org/signature/1.0/ed25519Sha512_single"
_STANDARD = str.maketrans("+/", "-_")


class InvalidSignature(ProtocolError):
    """An attachment is not signed by the key that has to sign it."""

    code = "e.p.trust.crypto"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an Ed25519 key of ours signs; `seal` puts the signature to it."""

    payload: bytes
    kid: str
    protected: str

    @property
    def signing_input(self) -> bytes:
        """What the key store signs."""
        return f"{self.protected}.{b64url(self.payload)}".encode("ascii")


def prepare(payload: bytes, jwk: Mapping[str, Any]) -> Prepared:
    """A signed attachment of these octets, under an Ed25519 JWK of ours."""
    kid = did_key(verkey(jwk))
    header = {"alg": "EdDSA", "kid": kid, "jwk": {**jwks.public(jwk), "kid": kid}}
    return Prepared(payload, kid, b64url(render_json(header)))


def seal(prepared: Prepared, signature: bytes, media_type: str = "application/json") -> dict[str, Any]:
    """The attachment."""
    jws = {"header": {"kid": prepared.kid}, "protected": prepared.protected, "signature": b64url(signature)}
    return {"mime-type": media_type, "data": {"base64": b64url(prepared.payload), "jws": jws}}


def octets(attachment: Any) -> bytes:
    """The content of an attachment, in base64 of either alphabet or as JSON, whoever signed it. Raises Malformed."""
    data = attachment.get("data") if isinstance(attachment, dict) else None
    if isinstance(data, dict) and isinstance(data.get("base64"), str):
        return _b64(data["base64"])
    if isinstance(data, dict) and isinstance(data.get("json"), dict):
        return render_json(data["json"])
    raise Malformed("attachment without data")


def verified(attachment: Any, keys: tuple[str, ...]) -> bytes:
    """The content, signed by one of these base58 keys. Raises InvalidSignature, Malformed."""
    content = octets(attachment)
    jws = attachment["data"].get("jws")
    listed = jws.get("signatures") if isinstance(jws, dict) and "signatures" in jws else [jws]
    if not isinstance(listed, list) or len(listed) > 8:
        raise Malformed("jws")
    # The payload is what the signature covers in the spelling that everybody signs, without padding.
    payload = b64url(content)
    for one in listed:
        if isinstance(one, dict) and _verifies(one, payload, keys):
            return content
    raise InvalidSignature("not signed by the key of the invitation")


def _verifies(jws: Mapping[str, Any], payload: str, keys: tuple[str, ...]) -> bool:
    protected, signature = jws.get("protected"), jws.get("signature")
    if not isinstance(protected, str) or not isinstance(signature, str):
        raise Malformed("jws without protected header or signature")
    if parse_json_object(_b64(protected)).get("alg") != "EdDSA":
        return False
    # Which key is said in several places and none of them is believed: the keys that may sign are known.
    text, raw = f"{protected}.{payload}".encode(), _b64(signature)
    return any(jwks.verify_signature(multikey.from_base58(key, "Ed25519"), "EdDSA", text, raw) for key in keys)


def sign_field(value: Mapping[str, Any], now: int) -> bytes:
    """What is signed of a field (RFC 0234): the time and the value."""
    return struct.pack(">Q", now) + render_json(dict(value))


def seal_field(signed: bytes, signature: bytes, signer: str) -> dict[str, Any]:
    """The field's decorated counterpart."""
    return {"@type": SIGNATURE, "signature": b64url(signature), "sig_data": b64url(signed), "signer": signer}


def verified_field(decorated: Any, keys: tuple[str, ...]) -> dict[str, Any]:
    """The value of a signed field, signed by one of these base58 keys. Raises InvalidSignature, Malformed."""
    names = ("signature", "sig_data", "signer")
    if not isinstance(decorated, dict) or not all(isinstance(decorated.get(name), str) for name in names):
        raise Malformed("signature decorator")
    if not str(decorated.get("@type", "")).endswith("signature/1.0/ed25519Sha512_single"):
        raise Malformed("signature scheme")
    signer = key_of(decorated["signer"])
    data, signature = _b64(decorated["sig_data"]), _b64(decorated["signature"])
    jwk = multikey.from_base58(signer, "Ed25519")
    if signer not in keys or not jwks.verify_signature(jwk, "EdDSA", data, signature):
        raise InvalidSignature("not signed by the key of the invitation")
    return parse_json_object(data[8:])


def _b64(text: str) -> bytes:
    return parse_b64url(text.rstrip("=").translate(_STANDARD))
