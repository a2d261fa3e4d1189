"""Revocation Notification 1.0 (RFC 0183) and 2.0 (RFC 0721): an issuer says that it has revoked a credential.

The first names the thread in which it was issued, the second the place in a registry. A notification proves nothing:
who wants to know looks at the status.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from protocols.didcomm.envelope import Received
from protocols.didcomm.protocol import Feature, InvalidBody, Outgoing, ThreadState, Transition, UnsupportedMessage

ISSUER, HOLDER = "issuer", "holder"
_MAX, _COMMENT = 2_048, 1_000


@dataclass(frozen=True, slots=True)
class RevocationTold:
    """The peer has revoked what it issued in this thread, if it issued anything there. Answered by the id of the
    credential, or None."""

    thid: str


class RevocationNotification1:
    """Sends and takes `revoke`: the issuance's thread is its `credential_id`, and `thread_id` where agents look."""

    identifier: ClassVar[str] = "https://didcomm.org/revocation_notification/1.0"
    roles: ClassVar[tuple[str, ...]] = (ISSUER, HOLDER)
    versions: ClassVar[frozenset[int]] = frozenset({1, 2})
    acquainted: ClassVar[bool] = True

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """Tell of a revocation: `thread` is the thread of the issuance, `comment` for people. Raises InvalidBody."""
        thread = _text(parameters, "thread")
        body = {"credential_id": thread, "thread_id": thread, **_comment(parameters)}
        return Transition(ThreadState(ISSUER, "completed"), (Outgoing(f"{self.identifier}/revoke", body),), closed=True)

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Take it. Raises UnsupportedMessage, InvalidBody."""
        body = _revoke(received)
        thid = body["thread_id"] if isinstance(body.get("thread_id"), str) else _text(body, "credential_id")
        return Transition(
            ThreadState(HOLDER, "completed", _comment(body)), closed=True, ask=RevocationTold(thid[:_MAX])
        )

    def answered(self, thread: ThreadState, _question: RevocationTold, answer: str | None) -> Transition:
        """With the credential that it was about, if it is held."""
        data = {**thread.data, **({"credential": answer} if answer else {})}
        return Transition(ThreadState(HOLDER, "completed", data), closed=True)


class RevocationNotification2:
    """Sends and takes `revoke`, of AnonCreds credentials: registry and place in `credential_id`."""

    identifier: ClassVar[str] = "https://didcomm.org/revocation_notification/2.0"
    roles: ClassVar[tuple[str, ...]] = (ISSUER, HOLDER)
    versions: ClassVar[frozenset[int]] = frozenset({1, 2})
    acquainted: ClassVar[bool] = True

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """Tell of a revocation: `registry` and `place` in it, `comment` for people. Raises InvalidBody."""
        place = parameters.get("place")
        if type(place) is not int:
            raise InvalidBody("place")
        named = {"revocation_format": "anoncreds", "credential_id": f"{_text(parameters, 'registry')}::{place}"}
        said = Outgoing(f"{self.identifier}/revoke", {**named, **_comment(parameters)})
        return Transition(ThreadState(ISSUER, "completed"), (said,), closed=True)

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Note it. Raises UnsupportedMessage, InvalidBody."""
        body = _revoke(received)
        named = {name: _text(body, name) for name in ("revocation_format", "credential_id")}
        return Transition(ThreadState(HOLDER, "completed", {**named, **_comment(body)}), closed=True)


def _revoke(received: Received) -> Mapping[str, Any]:
    if received.message.name != "revoke":
        raise UnsupportedMessage("revocation_notification knows revoke")
    return received.message.body


def _text(body: Mapping[str, Any], name: str) -> str:
    found = body.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= _MAX:
        raise InvalidBody(name)
    return found


def _comment(body: Mapping[str, Any]) -> dict[str, str]:
    found = body.get("comment")
    return {"comment": found[:_COMMENT]} if isinstance(found, str) and found else {}
