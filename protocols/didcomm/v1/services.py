"""Where agents of DIDComm v1 take messages: keys, routing keys and endpoint (RFC 0067, RFC 0094, RFC 0360).

Keys are spelled in several ways over the years (did:key with and without fragment, base58, references into a document);
one spelling comes out, base58, which is the name that envelopes use.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from protocols import did as dids
from protocols.did import DidDocument, absolute, multikey
from protocols.didcomm.v1.pack import verkey
from protocols.encoding import parse_json_object
from protocols.errors import Malformed

DID_COMMUNICATION, INDY_AGENT = "did-communication", "IndyAgent"
PROFILE = "didcomm/aip2;env=rfc19"
_MAX_KEYS = 10
_MAX_SERVICES = 8


@dataclass(frozen=True, slots=True)
class Service:
    """Keys in base58; the first of `routing_keys` wraps first, so that the last one is of whoever has the endpoint."""

    recipient_keys: tuple[str, ...]
    endpoint: str
    routing_keys: tuple[str, ...] = ()


def inline(stated: Any) -> Service:
    """The service that is in an invitation or in a decorator. Raises Malformed."""
    if not isinstance(stated, dict) or stated.get("type", DID_COMMUNICATION) not in (DID_COMMUNICATION, INDY_AGENT):
        raise Malformed("not a service of did-communication")
    return _service(stated, {})


def of_document(document: DidDocument) -> tuple[Service, ...]:
    """The services of a document that speak version 1, by priority. Those that cannot be read are left out."""
    listed = [*dids.services(document, DID_COMMUNICATION), *dids.services(document, INDY_AGENT)]
    ranked = sorted(listed, key=_priority)
    known = _named_keys(document)
    found = []
    for stated in ranked[:_MAX_SERVICES]:
        try:
            found.append(_service(stated, known))
        except Malformed:
            continue
    return tuple(found)


def of_stored(octets: bytes | Mapping[str, Any], did: str) -> tuple[Service, ...]:
    """The services of a document that was sent along, in the form of today or in that of Indy. Raises Malformed."""
    found = dict(octets) if isinstance(octets, Mapping) else parse_json_object(octets)
    return of_document(DidDocument(str(found.get("id", did)), found))


def render(service: Service) -> dict[str, Any]:
    """As JSON, to be kept."""
    return {
        "recipientKeys": list(service.recipient_keys),
        "routingKeys": list(service.routing_keys),
        "serviceEndpoint": service.endpoint,
    }


def did_key(base58_key: str) -> str:
    """The did:key of an Ed25519 key in base58. Raises Malformed."""
    return "did:key:" + multikey.encode(multikey.from_base58(base58_key, "Ed25519"))


def key_of(stated: str) -> str:
    """The base58 of a key that is spelled as did:key or in base58. Raises Malformed."""
    if stated.startswith("did:key:"):
        jwk = multikey.decode(stated.removeprefix("did:key:").partition("#")[0])
        if jwk.get("crv") != "Ed25519":
            raise Malformed("key is not Ed25519")
        return verkey(jwk)
    return verkey(multikey.from_base58(stated, "Ed25519"))


def _priority(stated: Mapping[str, Any]) -> int:
    value = stated.get("priority", 0)
    return value if isinstance(value, int) else 0


def _service(stated: Mapping[str, Any], known: Mapping[str, str]) -> Service:
    endpoint = stated.get("serviceEndpoint")
    if not isinstance(endpoint, str) or not endpoint:
        raise Malformed("serviceEndpoint is no address")
    keys = _keys(stated.get("recipientKeys"), known)
    if not keys:
        raise Malformed("recipientKeys are none")
    return Service(keys, endpoint, _keys(stated.get("routingKeys") or [], known))


def _keys(stated: Any, known: Mapping[str, str]) -> tuple[str, ...]:
    if not isinstance(stated, Sequence) or isinstance(stated, str) or len(stated) > _MAX_KEYS:
        raise Malformed("keys are no list, or too many")
    if not all(isinstance(one, str) for one in stated):
        raise Malformed("key is no text")
    return tuple(known[one] if one in known else key_of(one) for one in stated)


def _named_keys(document: DidDocument) -> dict[str, str]:
    """Ed25519 keys of the document by every name that a service may call them by."""
    found: dict[str, str] = {}
    members = ("verificationMethod", "authentication", "keyAgreement", "publicKey")
    for member in members:
        entries = document.document.get(member)
        for entry in entries if isinstance(entries, list) else ():
            if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
                continue
            try:
                jwk = dids.public_jwk(entry)
            except Malformed:
                continue
            if jwk.get("crv") == "Ed25519":
                name = absolute(entry["id"], document.id)
                found[name] = found["#" + name.rpartition("#")[2]] = verkey(jwk)
    return found
