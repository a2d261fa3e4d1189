"""Out-of-Band 2.0 (DIDComm Messaging 2.1, Out-Of-Band Messages): how two agents that share no channel begin."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from protocols.didcomm import message as wire
from protocols.didcomm.envelope import Received
from protocols.didcomm.message import Message
from protocols.didcomm.protocol import Feature, InvalidBody, ThreadState, Transition, UnsupportedMessage
from protocols.encoding import b64url, parse_b64url, parse_json_object
from protocols.errors import Malformed, ProtocolError

INVITATION = "https://didcomm.org/out-of-band/2.0/invitation"
ACCEPT = "didcomm/v2"
_MAX_URL = 65_536
_MAX_TEXT = 500


class InvalidInvitation(ProtocolError):
    """This is no invitation that can be used here."""

    code = "invalid_invitation"


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an inviter says before anything is authentic: every word of it is untrusted text.

    `request` is the message that the inviter would like answered first, None when it leaves that to us.
    """

    id: str
    from_: str
    goal_code: str = ""
    goal: str = ""
    label: str = ""
    request: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """An invitation behind a short URL (`_oobid`), fetched by GET."""

    url: str


def render(invitation: Invitation) -> Mapping[str, Any]:
    """The invitation as a plaintext message."""
    words = {"goal_code": invitation.goal_code, "goal": invitation.goal, "label": invitation.label}
    body = {**{name: value for name, value in words.items() if value}, "accept": [ACCEPT]}
    attached = (
        ({"id": "request", "media_type": "application/json", "data": {"json": dict(invitation.request)}},)
        if invitation.request
        else ()
    )
    message = Message(invitation.id, INVITATION, body, invitation.from_, attachments=attached)
    return parse_json_object(wire.render(message))


def url(base: str, message: bytes) -> str:
    """The invitation's URL: `_oob` holds the message."""
    return f"{base}?_oob={b64url(message)}"


def short_url(base: str, invitation_id: str) -> str:
    """The short URL, behind which the message is served."""
    return f"{base}?_oobid={invitation_id}"


def parse_url(text: str) -> Invitation | Reference:
    """An invitation's URL. Raises InvalidInvitation."""
    if len(text) > _MAX_URL:
        raise InvalidInvitation("URL is too long")
    try:
        query = parse_qs(urlsplit(text).query, strict_parsing=True, max_num_fields=16)
    except ValueError:
        raise InvalidInvitation("URL cannot be read") from None
    if len(query.get("_oob", ())) == 1:
        # Some agents pad, some use the other alphabet.
        encoded = query["_oob"][0].rstrip("=").replace(" ", "-").replace("+", "-").replace("/", "_")
        try:
            return parse(parse_b64url(encoded))
        except Malformed as error:
            raise InvalidInvitation(error.detail) from None
    if len(query.get("_oobid", ())) == 1:
        return Reference(text)
    raise InvalidInvitation("neither _oob nor _oobid")


def parse(octets: bytes) -> Invitation:
    """An invitation's message. Raises InvalidInvitation."""
    try:
        return of(wire.parse(octets))
    except Malformed as error:
        raise InvalidInvitation(error.detail) from None


def of(message: Message) -> Invitation:
    """The invitation that a plaintext message is. Raises InvalidInvitation."""
    known = wire.parse_type(message.type)
    if (known.protocol, known.major, known.name) != ("https://didcomm.org/out-of-band", 2, "invitation"):
        raise InvalidInvitation("not an invitation of out-of-band 2.0")
    if not message.from_:
        raise InvalidInvitation("from is missing")
    body = message.body
    accept = body.get("accept", [ACCEPT])
    if not isinstance(accept, list) or (accept and ACCEPT not in accept):
        raise InvalidInvitation("the inviter does not accept didcomm/v2")
    goal_code, goal, label = (body.get(name, "") for name in ("goal_code", "goal", "label"))
    if not all(isinstance(word, str) and len(word) <= _MAX_TEXT for word in (goal_code, goal, label)):
        raise InvalidInvitation("goal_code, goal or label")
    return Invitation(message.id, message.from_, goal_code, goal, label, _request(message))


def _request(message: Message) -> Mapping[str, Any] | None:
    """The first attachment that holds a message; the inviter lists what it can do, best first, and one is chosen."""
    for attachment in message.attachments:
        found = attachment["data"].get("json")
        if isinstance(found, dict) and isinstance(found.get("type"), str):
            return found
    return None


class OutOfBand:
    """Takes an invitation that comes over a connection: it waits for the operator. Answers nothing."""

    identifier: ClassVar[str] = "https://didcomm.org/out-of-band/2.0"
    roles: ClassVar[tuple[str, ...]] = ("sender", "receiver")
    versions: ClassVar[frozenset[int]] = frozenset({2})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """An invitation goes out as a URL, not as a message. Raises InvalidBody."""
        raise InvalidBody("an invitation is made with its own verb")

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Keep the invitation for the operator."""
        if received.message.name != "invitation":
            raise UnsupportedMessage("out-of-band knows invitation")
        found = of(received.message)
        data = {"invitation": {"id": found.id, "from": found.from_, "goal_code": found.goal_code}}
        return Transition(ThreadState("receiver", "completed", data), closed=True)
