"""Basic Message 1.0 (RFC 0095): a text that people read."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.didcomm.envelope import Received
from protocols.didcomm.protocol import (
    Feature,
    InvalidBody,
    Outgoing,
    ThreadState,
    Transition,
    UnsupportedMessage,
)

IDENTIFIER = "https://didcomm.org/basicmessage/1.0"
MAX_CONTENT = 100_000


class BasicMessage1:
    """Sends texts and takes them; answers nothing by itself."""

    identifier: ClassVar[str] = IDENTIFIER
    roles: ClassVar[tuple[str, ...]] = ("sender", "receiver")
    versions: ClassVar[frozenset[int]] = frozenset({1})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """Send `content`. Raises InvalidBody. The envelope adds the time."""
        body = {"content": _content(parameters)}
        return Transition(ThreadState("sender", "completed"), (Outgoing(f"{IDENTIFIER}/message", body),), closed=True)

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Take a text; it stays in the message."""
        if received.message.name != "message":
            raise UnsupportedMessage("basicmessage knows message")
        _content(received.message.body)
        return Transition(ThreadState("receiver", "completed"), closed=True)


def _content(body: Mapping[str, Any]) -> str:
    content = body.get("content")
    if not isinstance(content, str) or len(content) > MAX_CONTENT:
        raise InvalidBody("content is no text, or too long")
    return content
