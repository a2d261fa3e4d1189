"""DIDComm signed messages (DIDComm Messaging 2.1, DIDComm Signed Message): JWS in JSON, general or flattened."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocols.did import parse_did_url
from protocols.encoding import b64url, parse_b64url, render_json
from protocols.errors import Malformed
from protocols.jose import jws as compact
from protocols.jose.jws import CompactJws

SIGNED = "application/didcomm-signed+json"
ALGORITHMS = frozenset({"EdDSA", "Ed25519", "ES256", "ES384", "ES256K"})


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """A signed message taken apart, nothing of it believed: `kid` says whose key it claims."""

    kid: str
    jws: CompactJws


def parse(found: Mapping[str, Any]) -> SignedMessage:
    """Take a message with exactly one signature apart. Raises Malformed, InvalidDid, AlgorithmNotAllowed."""
    payload, signature = found.get("payload"), _signature(found)
    protected, value, header = signature.get("protected"), signature.get("signature"), signature.get("header", {})
    if not isinstance(payload, str) or not isinstance(protected, str) or not isinstance(value, str):
        raise Malformed("not a signed message")
    if not isinstance(header, dict) or not header.keys() <= {"kid"}:
        raise Malformed("unprotected header with more than kid")
    authentic = compact.parse_header(protected)
    kid = authentic.get("kid", header.get("kid"))
    if ("kid" in authentic and "kid" in header) or not isinstance(kid, str) or not parse_did_url(kid).fragment:
        raise Malformed("not one kid with a fragment")
    octets = parse_b64url(payload)
    return SignedMessage(
        kid, CompactJws(authentic, octets, f"{protected}.{payload}".encode("ascii"), parse_b64url(value))
    )


def _signature(found: Mapping[str, Any]) -> Mapping[str, Any]:
    if "signatures" not in found:
        return found
    signatures = found["signatures"]
    if "signature" in found or not isinstance(signatures, list) or len(signatures) != 1:
        raise Malformed("not exactly one signature")
    if not isinstance(signatures[0], dict):
        raise Malformed("signature is no object")
    return signatures[0]


def verify(message: SignedMessage, jwk: Mapping[str, Any]) -> bytes:
    """The payload, believed with a key of the signer's `authentication`. Raises InvalidSignature."""
    compact.verify(message.jws, jwk, ALGORITHMS)
    return message.jws.payload


def signing_input(plaintext: bytes, algorithm: str) -> bytes:
    """What the key store signs."""
    return compact.signing_input({"typ": SIGNED, "alg": algorithm}, plaintext)


def seal(signing_input: bytes, signature: bytes, kid: str) -> bytes:
    """The general JSON form, with `kid` where every receiver looks for it."""
    protected, _, payload = signing_input.decode("ascii").partition(".")
    entry = {"protected": protected, "signature": b64url(signature), "header": {"kid": kid}}
    return render_json({"payload": payload, "signatures": [entry]})
