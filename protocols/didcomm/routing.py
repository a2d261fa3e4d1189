"""Where a peer takes messages, and the wrapping that its mediators ask for (DIDComm Messaging 2.1, Routing 2.0)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from protocols import did as dids
from protocols.did import DidDocument
from protocols.didcomm.message import Message
from protocols.encoding import parse_json_object

FORWARD = "https://didcomm.org/routing/2.0/forward"
MAX_ROUTING_KEYS = 5
_MAX_ENDPOINTS = 8


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place to send to; `uri` may be a mediator's DID. `routing_keys` from the nearest to the peer's own last."""

    uri: str
    routing_keys: tuple[str, ...] = ()


def endpoints(document: DidDocument) -> tuple[Endpoint, ...]:
    """The DIDCommMessaging endpoints that speak version 2, in the document's order of preference."""
    found = []
    for service in dids.services(document, "DIDCommMessaging"):
        stated = service.get("serviceEndpoint")
        for entry in stated if isinstance(stated, list) else [stated]:
            # A bare string is of version 2.0 drafts, and still in old did:peer:2, with the rest beside it.
            endpoint = _endpoint({**service, "uri": entry} if isinstance(entry, str) else entry)
            if endpoint:
                found.append(endpoint)
    return tuple(found[:_MAX_ENDPOINTS])


def _endpoint(entry: Any) -> Endpoint | None:
    value: Mapping[str, Any] = entry if isinstance(entry, dict) else {}
    uri, accept, keys = value.get("uri"), value.get("accept") or ["didcomm/v2"], value.get("routingKeys") or []
    if not isinstance(uri, str) or not isinstance(accept, list) or "didcomm/v2" not in accept:
        return None
    if not isinstance(keys, list) or len(keys) > MAX_ROUTING_KEYS or not all(isinstance(key, str) for key in keys):
        return None
    return Endpoint(uri, tuple(keys))


def forward(message_id: str, mediator: str, next_: str, envelope: bytes) -> Message:
    """The message that asks a mediator to pass an envelope on to `next_`."""
    attachment = {"media_type": "application/didcomm-encrypted+json", "data": {"json": parse_json_object(envelope)}}
    return Message(message_id, FORWARD, {"next": next_}, to=(mediator,), attachments=(attachment,))


def agreement_kid(document: DidDocument) -> str:
    """The key that a mediator named by its DID is sent to: its first on the curve that everybody has."""
    found = dids.keys(document, "keyAgreement")
    return next((kid for kid, jwk in found.items() if jwk.get("crv") == "X25519"), next(iter(found), ""))
