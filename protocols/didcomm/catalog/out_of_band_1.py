"""Out-of-Band 1.1 (RFC 0434), with the invitations of connections 1.0 (RFC 0160) that are still about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from protocols.didcomm.catalog.out_of_band import InvalidInvitation
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
from protocols.didcomm.v1 import message as wire
from protocols.didcomm.v1 import services
from protocols.didcomm.v1.services import DID_COMMUNICATION, PROFILE, Service
from protocols.encoding import b64url, parse_b64url, parse_json_object
from protocols.errors import Malformed

INVITATION = "https://didcomm.org/out-of-band/1.1/invitation"
OLD_INVITATION = "https://didcomm.org/connections/1.0/invitation"
REUSE = "https://didcomm.org/out-of-band/1.1/handshake-reuse"
REUSE_ACCEPTED = "https://didcomm.org/out-of-band/1.1/handshake-reuse-accepted"
DID_EXCHANGE, CONNECTIONS = "https://didcomm.org/didexchange/1.1", "https://didcomm.org/connections/1.0"
_PARAMETERS = ("oob", "c_i", "d_m")
_MAX_URL = 65_536
_MAX_TEXT = 500
_MAX_SERVICES = 8


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an inviter says before anything is authentic. `services` are inline ones and DIDs, best first."""

    id: str
    services: tuple[Service | str, ...]
    handshake_protocols: tuple[str, ...] = ()
    goal_code: str = ""
    goal: str = ""
    label: str = ""
    requests: tuple[Mapping[str, Any], ...] = ()


def is_url(text: str) -> bool:
    """Whether a URL has an invitation of version 1 in it."""
    if len(text) > _MAX_URL:
        return False
    try:
        query = parse_qs(urlsplit(text).query, max_num_fields=16)
    except ValueError:
        return False
    return any(name in query for name in _PARAMETERS)


def parse_url(text: str) -> Invitation:
    """An invitation's URL. Raises InvalidInvitation."""
    try:
        query = parse_qs(urlsplit(text).query, max_num_fields=16)
        encoded = next(query[name][0] for name in _PARAMETERS if name in query)
        octets = parse_b64url(encoded.rstrip("=").replace(" ", "-").replace("+", "-").replace("/", "_"))
    except (ValueError, StopIteration, Malformed):
        raise InvalidInvitation("URL cannot be read") from None
    return parse(octets)


def parse(octets: bytes) -> Invitation:
    """An invitation's message. Raises InvalidInvitation."""
    try:
        found = parse_json_object(octets)
        message = wire.of(found)
        if message.type == OLD_INVITATION:
            return _old(message.id, found)
        if "~service" in found:
            return _connectionless(message.id, found)
        if not message.type.startswith("https://didcomm.org/out-of-band/1.") or message.name != "invitation":
            raise InvalidInvitation("not an invitation of version 1")
        return _invitation(message.id, found)
    except Malformed as error:
        raise InvalidInvitation(error.detail) from None


def _invitation(message_id: str, found: Mapping[str, Any]) -> Invitation:
    stated, requests = found.get("services"), found.get("requests~attach") or []
    if not isinstance(stated, list) or not 1 <= len(stated) <= _MAX_SERVICES or not isinstance(requests, list):
        raise InvalidInvitation("services or requests~attach")
    usable = tuple(one if isinstance(one, str) else services.inline(one) for one in stated)
    protocols = found.get("handshake_protocols") or []
    if not isinstance(protocols, list) or not all(isinstance(one, str) for one in protocols):
        raise InvalidInvitation("handshake_protocols")
    if not protocols and not requests:
        raise InvalidInvitation("neither handshake_protocols nor requests~attach")
    today = tuple(one.replace(wire.OLD_PREFIX, wire.PREFIX) for one in protocols)
    attached = tuple(_request(one) for one in requests[:_MAX_SERVICES])
    return Invitation(message_id, usable, today, *_words(found), attached)


def _old(message_id: str, found: Mapping[str, Any]) -> Invitation:
    service: Service | str = found["did"] if isinstance(found.get("did"), str) else services.inline(dict(found))
    return Invitation(message_id, (service,), (CONNECTIONS,), *_words(found))


def _connectionless(message_id: str, found: Mapping[str, Any]) -> Invitation:
    """A message that says itself where it is answered (RFC 0056), as agents sent them before there were invitations."""
    where = found["~service"]
    if not isinstance(where, dict):
        raise InvalidInvitation("~service is no object")
    request = {name: value for name, value in found.items() if name != "~service"}
    return Invitation(message_id, (services.inline(where),), requests=(request,))


def _words(found: Mapping[str, Any]) -> tuple[str, str, str]:
    goal_code, goal, label = (found.get(name) or "" for name in ("goal_code", "goal", "label"))
    if not all(isinstance(word, str) and len(word) <= _MAX_TEXT for word in (goal_code, goal, label)):
        raise InvalidInvitation("goal_code, goal or label")
    return goal_code, goal, label


def _request(attachment: Any) -> Mapping[str, Any]:
    data = attachment.get("data") if isinstance(attachment, dict) else None
    found = data.get("json") if isinstance(data, dict) else None
    if found is None and isinstance(data, dict) and isinstance(data.get("base64"), str):
        found = parse_json_object(parse_b64url(data["base64"].rstrip("=").replace("+", "-").replace("/", "_")))
    if not isinstance(found, dict):
        raise InvalidInvitation("requests~attach without a message")
    return found


def render(invitation: Invitation) -> dict[str, Any]:
    """The message of an invitation of ours."""
    stated = [one if isinstance(one, str) else _rendered(one) for one in invitation.services]
    words = {"goal_code": invitation.goal_code, "goal": invitation.goal, "label": invitation.label}
    found: dict[str, Any] = {"@type": INVITATION, "@id": invitation.id, **{k: v for k, v in words.items() if v}}
    found |= {"accept": [PROFILE], "handshake_protocols": list(invitation.handshake_protocols), "services": stated}
    if invitation.requests:
        found["requests~attach"] = [
            {"@id": f"request-{at}", "mime-type": "application/json", "data": {"json": dict(one)}}
            for at, one in enumerate(invitation.requests)
        ]
    return found


def _rendered(service: Service) -> dict[str, Any]:
    return {
        "id": "#inline",
        "type": DID_COMMUNICATION,
        "recipientKeys": [services.did_key(key) for key in service.recipient_keys],
        "routingKeys": [services.did_key(key) for key in service.routing_keys],
        "serviceEndpoint": service.endpoint,
    }


def url(base: str, message: bytes) -> str:
    """The invitation's URL: `oob` holds the message."""
    return f"{base}?oob={b64url(message)}"


class OutOfBand1:
    """Re-use of a connection that stands: asked for with `handshake-reuse`, and granted."""

    identifier: ClassVar[str] = "https://didcomm.org/out-of-band/1.1"
    roles: ClassVar[tuple[str, ...]] = ("sender", "receiver")
    versions: ClassVar[frozenset[int]] = frozenset({1})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """Ask for re-use below the invitation `pthid`. Raises InvalidBody."""
        if not isinstance(parameters.get("pthid"), str):
            raise InvalidBody("re-use is below an invitation")
        return Transition(ThreadState("receiver", "reuse-sent"), (Outgoing(REUSE, pthid=parameters["pthid"]),))

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Grant re-use; note that ours was granted."""
        message = received.message
        if message.name == "handshake-reuse":
            if not message.pthid:
                raise InvalidBody("re-use of no invitation")
            answer = Outgoing(REUSE_ACCEPTED, pthid=message.pthid)
            return Transition(ThreadState("sender", "completed"), (answer,), closed=True)
        if message.name == "handshake-reuse-accepted":
            if thread != ThreadState("receiver", "reuse-sent"):
                raise OutOfOrder("re-use that nobody asked for")
            return Transition(ThreadState("receiver", "completed"), closed=True)
        if message.name != "invitation":
            raise UnsupportedMessage("out-of-band 1.1 knows invitation, handshake-reuse and handshake-reuse-accepted")
        found = _invitation(message.id, {**message.body})
        return Transition(
            ThreadState("receiver", "completed", {"invitation": {"id": found.id, "goal_code": found.goal_code}}),
            closed=True,
        )
