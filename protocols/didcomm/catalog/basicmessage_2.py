"""Basic Message 2.0: text from person to person."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.didcomm.envelope import Received
from protocols.didcomm.protocol import Feature, InvalidBody, Outgoing, ThreadState, Transition, UnsupportedMessage

MESSAGE = "https://didcomm.org/basicmessage/2.0/message"
_MAX_CONTENT = 100_000


class Basicmessage2:
    """Sends and takes; what was said stays in the messages, untrusted text as it is."""

    identifier: ClassVar[str] = "https://didcomm.org/basicmessage/2.0"
    roles: ClassVar[tuple[str, ...]] = ("sender", "receiver")
    versions: ClassVar[frozenset[int]] = frozenset({2})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """Say `content`, in the language `lang`."""
        lang = parameters.get("lang")
        if lang is not None and not isinstance(lang, str):
            raise InvalidBody("lang")
        headers = {"lang": lang} if lang else {}
        said = Outgoing(MESSAGE, {"content": _content(parameters)}, headers)
        return Transition(ThreadState("sender", "completed"), (said,), closed=True)

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Take what is said, in a conversation that goes on as long as people like."""
        if received.message.name != "message":
            raise UnsupportedMessage("basicmessage knows message")
        _content(received.message.body)
        return Transition(ThreadState(thread.role if thread else "receiver", "completed"), closed=True)


def _content(body: Mapping[str, Any]) -> str:
    content = body.get("content")
    if not isinstance(content, str) or len(content) > _MAX_CONTENT:
        raise InvalidBody("content is no text, or too long")
    return content
