"""Trust Ping 2.0: is the peer there, and does the channel work?"""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.didcomm.envelope import Received
from protocols.didcomm.protocol import (
    Feature,
    InvalidBody,
    Outgoing,
    OutOfOrder,
    ThreadState,
    Transition,
    UnsupportedMessage,
)

PING = "https://didcomm.org/trust-ping/2.0/ping"
PING_RESPONSE = "https://didcomm.org/trust-ping/2.0/ping-response"


class TrustPing:
    """Pings, and answers pings."""

    identifier: ClassVar[str] = "https://didcomm.org/trust-ping/2.0"
    roles: ClassVar[tuple[str, ...]] = ("sender", "receiver")
    versions: ClassVar[frozenset[int]] = frozenset({2})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """A ping that asks for an answer, unless `response_requested` is false."""
        wanted = response_requested(parameters)
        state = ThreadState("sender", "pinged" if wanted else "completed")
        return Transition(state, (Outgoing(PING, {"response_requested": wanted}),), closed=not wanted)

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Answer a ping; note the answer to ours."""
        message = received.message
        if message.name == "ping":
            if thread is not None and thread.role != "receiver":
                raise OutOfOrder("ping in a thread that we began")
            answer = (Outgoing(PING_RESPONSE),) if response_requested(message.body) else ()
            return Transition(ThreadState("receiver", "completed"), answer, closed=True)
        if message.name != "ping-response":
            raise UnsupportedMessage("trust-ping knows ping and ping-response")
        if thread != ThreadState("sender", "pinged"):
            raise OutOfOrder("response to no ping of ours")
        return Transition(ThreadState("sender", "completed"), closed=True)


def response_requested(body: Mapping[str, Any]) -> bool:
    """What a ping says of it, yes by default. Raises InvalidBody."""
    wanted = body.get("response_requested", True)
    if not isinstance(wanted, bool):
        raise InvalidBody("response_requested is no boolean")
    return wanted
