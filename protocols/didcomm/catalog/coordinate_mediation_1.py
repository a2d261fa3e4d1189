"""Coordinate Mediation 1.0 (RFC 0211): keylists of keys, for agents of version 1. The mediator's side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from protocols.didcomm.envelope import Received
from protocols.didcomm.mediating import MAX_UPDATES, KeyPage, KeysChanged, KeysQueried
from protocols.didcomm.protocol import (
    Feature,
    InvalidBody,
    Outgoing,
    OutOfOrder,
    ThreadState,
    Transition,
    UnsupportedMessage,
)
from protocols.didcomm.v1 import services
from protocols.errors import Malformed

IDENTIFIER = "https://didcomm.org/coordinate-mediation/1.0"
_MAX_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class MediationByKeyAsked:
    """May this peer be mediated for? Answer: the base58 key to route by and the endpoint, None to deny."""


class CoordinateMediation1:
    """Grants or denies mediation, keeps keylists and tells them."""

    identifier: ClassVar[str] = IDENTIFIER
    roles: ClassVar[tuple[str, ...]] = ("mediator",)
    versions: ClassVar[frozenset[int]] = frozenset({1})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools: keylists are the agent's."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """A mediator begins nothing. Raises InvalidBody."""
        raise InvalidBody("mediation of version 1 is granted here and not asked for")

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Ask the agent."""
        message = received.message
        if message.name not in ("mediate-request", "keylist-update", "keylist-query"):
            raise UnsupportedMessage("a mediator knows mediate-request, keylist-update and keylist-query")
        if thread is not None:
            raise OutOfOrder("request in a thread that goes on")
        if message.name == "mediate-request":
            return Transition(ThreadState("mediator", message.name), ask=MediationByKeyAsked())
        if message.name == "keylist-update":
            stated = _updates(message.body)
            # Said again as the peer spelled them, kept in one spelling: deployed agents write base58 and did:key.
            spelled = {"spelled": [name for name, _ in stated]}
            updates = tuple((_did_key(name), action) for name, action in stated)
            return Transition(ThreadState("mediator", message.name, spelled), ask=KeysChanged(updates))
        return Transition(ThreadState("mediator", message.name), ask=_query(message.body))

    def answered(self, thread: ThreadState, question: Any, answer: Any) -> Transition:
        """The mediator's answer."""
        if isinstance(question, MediationByKeyAsked):
            if answer is None:
                return _closed("denied", Outgoing(f"{IDENTIFIER}/mediate-deny"))
            key, endpoint = answer
            grant = {"endpoint": endpoint, "routing_keys": [services.did_key(key)]}
            return _closed("granted", Outgoing(f"{IDENTIFIER}/mediate-grant", grant))
        if isinstance(question, KeysChanged):
            updated = [
                {"recipient_key": name, "action": action, "result": result}
                for name, (_, action), result in zip(thread.data["spelled"], question.updates, answer, strict=True)
            ]
            return _closed("updated", Outgoing(f"{IDENTIFIER}/keylist-update-response", {"updated": updated}))
        page: KeyPage = answer
        listed = {
            "keys": [{"recipient_key": name} for name in page.recipients],
            "pagination": {"count": len(page.recipients), "offset": question.offset, "remaining": page.remaining},
        }
        return _closed("listed", Outgoing(f"{IDENTIFIER}/keylist", listed))


def _closed(state: str, send: Outgoing) -> Transition:
    return Transition(ThreadState("mediator", state), (send,), closed=True)


def _did_key(name: str) -> str:
    try:
        return services.did_key(services.key_of(name))
    except Malformed:
        raise InvalidBody("recipient_key is no Ed25519 key") from None


def _updates(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    entries = body.get("updates")
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_UPDATES:
        raise InvalidBody("updates are none, or too many")
    found = []
    for entry in entries:
        name, action = (entry.get("recipient_key"), entry.get("action")) if isinstance(entry, dict) else (None, None)
        if not isinstance(name, str) or len(name) > 512 or action not in ("add", "remove"):
            raise InvalidBody("update without recipient_key or action")
        found.append((name, action))
    return found


def _query(body: Mapping[str, Any]) -> KeysQueried:
    page = body.get("paginate") or {}
    limit, offset = (page.get("limit", 100), page.get("offset", 0)) if isinstance(page, dict) else (None, None)
    if not all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in (limit, offset)):
        raise InvalidBody("paginate needs limit and offset")
    return KeysQueried(min(int(limit), _MAX_PAGE), int(offset))  # type: ignore[arg-type]  # looked at one by one
