"""The mediator's side of Message Pickup, whose versions differ in how they say that nothing waits."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.didcomm.envelope import Received
from protocols.didcomm.mediating import (
    Delivered,
    DeliveryAsked,
    LiveChanged,
    MessagesReceived,
    QueueAsked,
    QueueState,
)
from protocols.didcomm.protocol import (
    Feature,
    InvalidBody,
    Outgoing,
    ThreadState,
    Transition,
    UnsupportedMessage,
)
from protocols.encoding import b64url
from protocols.errors import ProtocolError

MAX_LIMIT = 100
_MAX_IDS = 1000


class LiveModeNotSupported(ProtocolError):
    """Connection does not support Live Delivery."""

    code = "e.m.live-mode-not-supported"


class NoQueue(ProtocolError):
    """Nothing is held here for you."""

    code = "e.m.no-queue"


class PicksUp:
    """Tells and delivers what waits, forgets what was received; the recipient's side is the agent's own loop."""

    identifier: ClassVar[str]
    roles: ClassVar[tuple[str, ...]] = ("mediator", "recipient")
    versions: ClassVar[frozenset[int]]
    empty_is_status: ClassVar[bool]
    """Whether a queue with nothing to deliver is answered by a status (3.0) or an empty delivery (4.0)."""
    transient: ClassVar[bool] = True
    """Its messages are about the channel and belong to no conversation: answered on it, they are not kept."""

    def __init__(self, tools: object = None) -> None:
        """Needs no tools: queues are the agent's."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """The agent picks up by itself. Raises InvalidBody."""
        raise InvalidBody("messages are picked up by the agent itself")

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Ask the agent about the peer's queue."""
        message, body = received.message, received.message.body
        recipient = body.get("recipient_did") or ""
        if not isinstance(recipient, str) or len(recipient) > 16_384:
            raise InvalidBody("recipient_did")
        return Transition(ThreadState("mediator", message.name), ask=_question(message.name, body, recipient))

    def answered(self, thread: ThreadState, question: Any, answer: Any) -> Transition:
        """Status or delivery. Raises NoQueue, LiveModeNotSupported."""
        if answer is None:
            if isinstance(question, LiveChanged):
                raise LiveModeNotSupported("no persistent connection, or no queue")
            raise NoQueue("not mediated for")
        recipient = getattr(question, "recipient", "")
        if isinstance(answer, Delivered) and (answer.messages or not self.empty_is_status):
            send = self.delivery(answer.messages, recipient)
        else:
            send = self.status(answer.state if isinstance(answer, Delivered) else answer, recipient)
        return Transition(ThreadState("mediator", "completed"), (send,), closed=True)

    def status(self, state: QueueState, recipient: str) -> Outgoing:
        """The state of a queue."""
        body: dict[str, Any] = {"message_count": state.count, "live_delivery": state.live}
        if state.count:
            body |= {
                "longest_waited_seconds": state.longest_waited,
                "newest_received_time": state.newest,
                "oldest_received_time": state.oldest,
                "total_bytes": state.size,
            }
        return Outgoing(f"{self.identifier}/status", {**({"recipient_did": recipient} if recipient else {}), **body})

    def delivery(self, messages: tuple[tuple[str, bytes], ...], recipient: str = "") -> Outgoing:
        """Envelopes as attachments; in live mode too, so that each can be acknowledged."""
        attachments = tuple({"id": number, "data": {"base64": b64url(envelope)}} for number, envelope in messages)
        body = {"recipient_did": recipient} if recipient else {}
        return Outgoing(f"{self.identifier}/delivery", body, attachments=attachments)


def _question(name: str, body: Mapping[str, Any], recipient: str) -> Any:
    if name == "status-request":
        return QueueAsked(recipient)
    if name == "delivery-request":
        limit = body.get("limit")
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise InvalidBody("limit")
        return DeliveryAsked(min(limit, MAX_LIMIT), recipient)
    if name == "messages-received":
        ids = body.get("message_id_list")
        if not isinstance(ids, list) or len(ids) > _MAX_IDS or not all(isinstance(one, str) for one in ids):
            raise InvalidBody("message_id_list")
        return MessagesReceived(tuple(ids))
    if name == "live-delivery-change":
        live = body.get("live_delivery")
        if not isinstance(live, bool):
            raise InvalidBody("live_delivery")
        return LiveChanged(live)
    raise UnsupportedMessage("no message that a mediator takes")
