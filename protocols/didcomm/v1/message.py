"""Plaintext messages of DIDComm v1 (RFC 0011, RFC 0008, RFC 0092), read into the one message model and written from it.

What version 2 has in headers is in decorators here, and the members of the message itself are the model's body.
Senders and addressees are in the envelope, not in the message: the reader says who they are.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from protocols.didcomm.message import Message, parse_type
from protocols.encoding import parse_json_object, render_json
from protocols.errors import Malformed

OLD_PREFIX = "did:sov:BzCbsNYhMrjHiqZDTUASHg;spec/"
PREFIX = "https://didcomm.org/"
_ID = re.compile(r"[!-~]{1,255}", re.ASCII)
_LAST = 253_402_300_799
_HEADERS = frozenset({"@id", "@type", "~thread", "~transport", "~timing"})
# What these messages say of their time in a member of their own, the model says in created_time.
_TIMES = {f"{PREFIX}basicmessage/1.0/message": "sent_time"}


def parse(plaintext: bytes, sender: str, recipient: str) -> Message:
    """Read a message between two DIDs; `sender` is empty for a message of nobody. Raises Malformed."""
    return of(parse_json_object(plaintext), sender, recipient)


def of(found: Mapping[str, Any], sender: str = "", recipient: str = "") -> Message:
    """The same for a message that is JSON already, such as one that is attached. Raises Malformed."""
    type_ = found.get("@type")
    if not isinstance(type_, str):
        raise Malformed("@type is no text")
    if type_.startswith(OLD_PREFIX):
        type_ = PREFIX + type_.removeprefix(OLD_PREFIX)
    parse_type(type_)
    thread, transport, timing = (_object(found, name) for name in ("~thread", "~transport", "~timing"))
    returned = transport.get("return_route")
    return Message(
        id=_id(found, "@id", required=True),
        type=type_,
        body={name: value for name, value in found.items() if name not in _HEADERS},
        from_=sender,
        to=(recipient,) if recipient else (),
        thid=_id(thread, "thid"),
        pthid=_id(thread, "pthid"),
        created_time=None,
        expires_time=_seconds(timing.get("expires_time")),
        headers={"return_route": returned} if isinstance(returned, str) else {},
    )


def _object(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = found.get(name, {})
    if not isinstance(value, dict):
        raise Malformed(f"{name} is no object")
    return value


def _id(found: Mapping[str, Any], name: str, required: bool = False) -> str:
    value = found.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Malformed(f"{name} is no identifier")
    return value


def _seconds(value: Any) -> int | None:
    """ISO 8601 in one of its several spellings, or seconds."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LAST:
        return value
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None:
        raise Malformed("expires_time is no time")
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def plain(message: Message) -> dict[str, Any]:
    """A message of ours as JSON."""
    thread = {name: value for name, value in (("thid", message.thid), ("pthid", message.pthid)) if value}
    found: dict[str, Any] = {"@type": message.type, "@id": message.id, **message.body}
    if message.created_time is not None and message.type in _TIMES:
        found.setdefault(_TIMES[message.type], _iso(message.created_time))
    if thread:
        found["~thread"] = thread
    if message.headers.get("return_route"):
        found["~transport"] = {"return_route": message.headers["return_route"]}
    if message.expires_time is not None:
        found["~timing"] = {"expires_time": _iso(message.expires_time)}
    return found


def render(message: Message) -> bytes:
    """The plaintext of a message of ours."""
    return render_json(plain(message))


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
