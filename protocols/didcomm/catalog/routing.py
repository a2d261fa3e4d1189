"""Routing 2.0: a mediator passes envelopes on, unread."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from protocols.didcomm.envelope import Received
from protocols.didcomm.message import Message
from protocols.didcomm.protocol import Feature, InvalidBody, ThreadState, Transition, UnsupportedMessage
from protocols.didcomm.routing import FORWARD
from protocols.didcomm.v1 import services
from protocols.encoding import parse_b64url, render_json
from protocols.errors import Malformed

FORWARD_1 = "https://didcomm.org/routing/1.0/forward"
_MAX_NAME = 16_384
_MAX_ENVELOPES = 16


@dataclass(frozen=True, slots=True)
class Forward:
    """Envelopes for `next_`, a DID or a key of one."""

    next_: str
    envelopes: tuple[bytes, ...]
    expires: int | None = None


def is_forward(message: Message) -> bool:
    """Whether the message is a forward, which alone may come from nobody that we know."""
    return message.type in (FORWARD, FORWARD_1)


def forward_of(message: Message) -> Forward:
    """Read a forward. Raises InvalidBody. Its please_ack and delay_milli, which is optional, are not honoured."""
    if message.type == FORWARD_1:
        return _forward_1(message)
    next_ = message.body.get("next")
    if not isinstance(next_, str) or not 0 < len(next_) <= _MAX_NAME:
        raise InvalidBody("next")
    if not 1 <= len(message.attachments) <= _MAX_ENVELOPES:
        raise InvalidBody("attachments are none, or too many")
    envelopes = tuple(_envelope(attachment["data"]) for attachment in message.attachments)
    return Forward(next_, envelopes, message.expires_time)


def _forward_1(message: Message) -> Forward:
    """Routing 1.0 (RFC 0094): `to` is a key, in one of its spellings, or a DID. Raises InvalidBody."""
    to, envelope = message.body.get("to"), message.body.get("msg")
    if not isinstance(to, str) or not 0 < len(to) <= _MAX_NAME or not isinstance(envelope, dict):
        raise InvalidBody("to or msg")
    if not to.startswith("did:") or to.startswith("did:key:"):
        try:
            to = services.did_key(services.key_of(to))
        except Malformed:
            raise InvalidBody("to is no key") from None
    return Forward(to, (render_json(envelope),), message.expires_time)


def _envelope(data: Mapping[str, Any]) -> bytes:
    if isinstance(data.get("json"), dict):
        return render_json(data["json"])
    if isinstance(data.get("base64"), str):
        try:
            # Senders pad, and use the other alphabet, against the text.
            return parse_b64url(data["base64"].rstrip("=").replace("+", "-").replace("/", "_"))
        except Malformed:
            raise InvalidBody("attachment") from None
    raise InvalidBody("an envelope is json or base64")


class Routing:
    """Stands in the catalogue so that it is disclosed; forwards are taken before any thread is looked for."""

    identifier: ClassVar[str] = "https://didcomm.org/routing/2.0"
    roles: ClassVar[tuple[str, ...]] = ("mediator", "sender")
    versions: ClassVar[frozenset[int]] = frozenset({2})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """Forwards are made by the delivery of other messages. Raises InvalidBody."""
        raise InvalidBody("forwards are made when messages are delivered")

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Nothing but a forward is known here. Raises UnsupportedMessage."""
        raise UnsupportedMessage("routing knows forward")


class Routing1(Routing):
    """The same between agents of version 1 (RFC 0094)."""

    identifier: ClassVar[str] = "https://didcomm.org/routing/1.0"
    versions: ClassVar[frozenset[int]] = frozenset({1})
