"""DIDComm plaintext messages (DIDComm Messaging 2.1, Message Structure): read strictly, within bounds."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from protocols.did import parse_did
from protocols.encoding import parse_json_object, render_json
from protocols.errors import Malformed

PLAIN = "application/didcomm-plain+json"
MAX_ADDRESSEES = 64
_MAX_ATTACHMENTS = 100
_WEB = re.compile(r"https://[!-~]{1,2000}", re.ASCII)
_LAST_SECOND = 253_402_300_799
# The letter of the specification allows 32 characters, and everybody sends UUIDs of 36.
_ID = re.compile(r"[!-~]{1,255}", re.ASCII)
# Message Type URI: doc-uri, protocol name, version, message name.
_TYPE = re.compile(r"([!-~]{0,250}?/?)([A-Za-z0-9._-]{1,100})/(\d{1,6})\.(\d{1,6})/([A-Za-z0-9._-]{1,100})", re.ASCII)
_KNOWN = frozenset({"id", "typ", "type", "body", "from", "to", "thid", "pthid", "created_time", "expires_time"})
_KNOWN_TOO = frozenset({"from_prior", "attachments"})


@dataclass(frozen=True, slots=True)
class Message:
    """A plaintext message, believed by nobody: `from_` is what it says, not who sent it."""

    id: str
    type: str
    body: Mapping[str, Any] = field(default_factory=dict)
    from_: str = ""
    to: tuple[str, ...] = ()
    thid: str = ""
    pthid: str = ""
    created_time: int | None = None
    expires_time: int | None = None
    from_prior: str = ""
    attachments: tuple[Mapping[str, Any], ...] = ()
    headers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def thread(self) -> str:
        """The thread that the message is of (Threading)."""
        return self.thid or self.id

    @property
    def protocol(self) -> str:
        """The Protocol Identifier URI with major and minor version; the name of the message is not part of it."""
        return self.type.rpartition("/")[0]

    @property
    def name(self) -> str:
        """The name of the message within its protocol."""
        return self.type.rpartition("/")[2]

    @property
    def web_redirect(self) -> "WebRedirect | None":
        """Where the person's browser is to go when all is said (Out-of-Band Messages), where it can be gone to."""
        value = self.headers.get("web_redirect")
        status, url = (value.get("status"), value.get("redirectUrl")) if isinstance(value, dict) else (None, None)
        if status not in ("OK", "FAIL") or not isinstance(url, str) or not _WEB.fullmatch(url):
            return None
        return WebRedirect(status, url)


@dataclass(frozen=True, slots=True)
class WebRedirect:
    """`web_redirect`: "OK" or "FAIL", and an https URL that a peer chose, for a person to follow."""

    status: str
    url: str


@dataclass(frozen=True, slots=True)
class MessageType:
    """A Message Type URI taken apart; versions compare by major, then minor (Semver Rules)."""

    protocol: str
    major: int
    minor: int
    name: str


def parse_type(text: str) -> MessageType:
    """Take a Message Type URI apart; `protocol` ends before the version. Raises Malformed."""
    found = _TYPE.fullmatch(text)
    if found is None:
        raise Malformed("type is no Message Type URI")
    return MessageType(found[1] + found[2], int(found[3]), int(found[4]), found[5])


def parse(plaintext: bytes) -> Message:
    """Read a plaintext message. Raises Malformed."""
    return of(parse_json_object(plaintext))


def of(found: Mapping[str, Any]) -> Message:
    """The message that an object is. Raises Malformed."""
    if found.get("typ", PLAIN) not in (PLAIN, "didcomm-plain+json"):
        raise Malformed("typ is not of a plaintext message")
    parse_type(_text(found, "type"))
    body = found.get("body", {})
    if not isinstance(body, dict):
        raise Malformed("body is no object")
    return Message(
        id=_id(found, "id", required=True),
        type=found["type"],
        body=body,
        from_=_did(found["from"]) if found.get("from") is not None else "",
        to=_addressees(found.get("to")),
        thid=_id(found, "thid"),
        pthid=_id(found, "pthid"),
        created_time=_time(found, "created_time"),
        expires_time=_time(found, "expires_time"),
        from_prior=_text(found, "from_prior") if "from_prior" in found else "",
        attachments=_attachments(found.get("attachments", [])),
        headers={name: value for name, value in found.items() if name not in _KNOWN and name not in _KNOWN_TOO},
    )


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise Malformed(f"{name} is no text")
    return value


def _id(found: Mapping[str, Any], name: str, required: bool = False) -> str:
    value = found.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Malformed(f"{name} is no identifier")
    return value


def _did(value: Any) -> str:
    parse_did(value)
    return str(value)


def _addressees(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_ADDRESSEES:
        raise Malformed("to is no list of DIDs")
    return tuple(_did(entry) for entry in value)


def _time(found: Mapping[str, Any], name: str) -> int | None:
    value = found.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LAST_SECOND:
        raise Malformed(f"{name} is no time")
    return value


def _attachments(value: Any) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list) or len(value) > _MAX_ATTACHMENTS:
        raise Malformed("attachments are no list")
    for entry in value:
        _require_attachment(entry)
    return tuple(value)


def _require_attachment(entry: Any) -> None:
    data = entry.get("data") if isinstance(entry, dict) else None
    if not isinstance(data, dict) or not isinstance(entry.get("id", ""), str):
        raise Malformed("attachment without data")
    links = data.get("links")
    if links is not None and (not isinstance(links, list) or not isinstance(data.get("hash"), str)):
        raise Malformed("attachment of links without hash")
    if not isinstance(data.get("base64", ""), str) or not {"json", "base64", "links"} & data.keys():
        raise Malformed("attachment without data")


def render(message: Message) -> bytes:
    """The plaintext of a message that we made."""
    optional = {
        "from": message.from_,
        "to": list(message.to),
        "thid": message.thid,
        "pthid": message.pthid,
        "created_time": message.created_time,
        "expires_time": message.expires_time,
        "from_prior": message.from_prior,
        "attachments": list(message.attachments),
    }
    present = {name: value for name, value in optional.items() if value not in ("", None, [])}
    fixed = {"id": message.id, "typ": PLAIN, "type": message.type}
    return render_json({**fixed, **present, **message.headers, "body": dict(message.body)})
