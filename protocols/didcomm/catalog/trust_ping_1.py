"""Trust Ping 1.0 (RFC 0048)."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.didcomm.catalog.trust_ping import response_requested
from protocols.didcomm.envelope import Received
from protocols.didcomm.protocol import (
    Feature,
    Outgoing,
    OutOfOrder,
    ThreadState,
    Transition,
    UnsupportedMessage,
)

IDENTIFIER = "https://didcomm.org/trust_ping/1.0"


class TrustPing1:
    """Pings, and answers pings."""

    identifier: ClassVar[str] = IDENTIFIER
    roles: ClassVar[tuple[str, ...]] = ("sender", "receiver")
    versions: ClassVar[frozenset[int]] = frozenset({1})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """A ping that asks for an answer, unless `response_requested` is false."""
        wanted = response_requested(parameters)
        state = ThreadState("sender", "pinged" if wanted else "completed")
        return Transition(state, (Outgoing(f"{IDENTIFIER}/ping", {"response_requested": wanted}),), closed=not wanted)

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Answer a ping; note the answer to ours."""
        message = received.message
        if message.name == "ping":
            if thread is not None and thread.role != "receiver":
                raise OutOfOrder("ping in a thread that we began")
            answer = (Outgoing(f"{IDENTIFIER}/ping_response"),) if response_requested(message.body) else ()
            return Transition(ThreadState("receiver", "completed"), answer, closed=True)
        if message.name != "ping_response":
            raise UnsupportedMessage("trust_ping knows ping and ping_response")
        if thread != ThreadState("sender", "pinged"):
            raise OutOfOrder("response to no ping of ours")
        return Transition(ThreadState("sender", "completed"), closed=True)
