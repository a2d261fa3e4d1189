"""Pickup 2.0 (RFC 0685): as messagepickup 3.0, between agents of version 1, which name recipients by keys."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from protocols.didcomm.envelope import Received
from protocols.didcomm.mediating import QueueState
from protocols.didcomm.picking_up import PicksUp
from protocols.didcomm.protocol import Feature, InvalidBody, Outgoing, ThreadState, Transition
from protocols.didcomm.v1 import services
from protocols.encoding import b64url
from protocols.errors import Malformed


class Messagepickup2(PicksUp):
    """The mediator's side; a queue with nothing in it is answered by its status."""

    identifier: ClassVar[str] = "https://didcomm.org/messagepickup/2.0"
    versions: ClassVar[frozenset[int]] = frozenset({1})
    empty_is_status: ClassVar[bool] = True

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Ask the agent about the peer's queue; a key is looked for in the spelling that keylists have."""
        body = dict(received.message.body)
        key = body.pop("recipient_key", None)
        if key:
            try:
                body["recipient_did"] = services.did_key(services.key_of(key))
            except (Malformed, AttributeError):
                raise InvalidBody("recipient_key is no Ed25519 key") from None
        return super().receive(thread, replace(received, message=replace(received.message, body=body)), features)

    def status(self, state: QueueState, recipient: str) -> Outgoing:
        """The state of a queue."""
        body: dict[str, Any] = {"message_count": state.count, "live_delivery": state.live}
        if state.count:
            body |= {
                "longest_waited_seconds": state.longest_waited,
                "newest_received_time": _iso(state.newest),
                "oldest_received_time": _iso(state.oldest),
                "total_bytes": state.size,
            }
        return Outgoing(f"{self.identifier}/status", {**_of(recipient), **body})

    def delivery(self, messages: tuple[tuple[str, bytes], ...], recipient: str = "") -> Outgoing:
        """Envelopes as attachments."""
        attached = [{"@id": number, "data": {"base64": b64url(envelope)}} for number, envelope in messages]
        return Outgoing(f"{self.identifier}/delivery", {**_of(recipient), "~attach": attached})


def _of(recipient: str) -> dict[str, str]:
    return {"recipient_key": recipient} if recipient else {}


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
