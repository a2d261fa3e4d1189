"""Empty 1.0 (DIDComm Messaging 2.1, The Empty Message): headers and nothing else, an acknowledgement for instance."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.didcomm.envelope import Received
from protocols.didcomm.protocol import Feature, Outgoing, ThreadState, Transition, UnsupportedMessage

EMPTY = "https://didcomm.org/empty/1.0/empty"


class Empty:
    """Takes empty messages, and never answers one."""

    identifier: ClassVar[str] = "https://didcomm.org/empty/1.0"
    roles: ClassVar[tuple[str, ...]] = ("sender", "receiver")
    versions: ClassVar[frozenset[int]] = frozenset({2})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """An empty message."""
        return Transition(ThreadState("sender", "completed"), (Outgoing(EMPTY),), closed=True)

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Note that it came."""
        if received.message.name != "empty":
            raise UnsupportedMessage("empty knows empty")
        role = thread.role if thread else "receiver"
        return Transition(ThreadState(role, "completed"), closed=True)
