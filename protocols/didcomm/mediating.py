"""What mediators and those they mediate for say to each other, whichever version of a protocol says it.

Questions that protocols ask the agent, its answers, and the two families of protocols in the words of their versions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from protocols.didcomm.envelope import Received
from protocols.didcomm.message import Message
from protocols.didcomm.protocol import (
    Feature,
    InvalidBody,
    Outgoing,
    OutOfOrder,
    ThreadState,
    Transition,
    UnsupportedMessage,
)

MAX_UPDATES = 100
_MAX_NAME = 16_384


# Questions and answers


@dataclass(frozen=True, slots=True)
class MediationAsked:
    """May this peer be mediated for? Answer: the DIDs (or keys) to route by, none to deny."""


@dataclass(frozen=True, slots=True)
class KeysChanged:
    """Keep the keylist: each recipient with "add" or "remove". Answer: a result for each, in the protocol's words."""

    updates: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class KeysQueried:
    """A page of the keylist. Answer: `KeyPage`."""

    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class KeyPage:
    """Recipients, and how many come after them."""

    recipients: tuple[str, ...]
    remaining: int


@dataclass(frozen=True, slots=True)
class RoutingGranted:
    """A mediator of ours grants mediation, or denies it with none to route by."""

    routing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueueAsked:
    """The state of the peer's queue. Answer: `QueueState`; None when the peer has none."""

    recipient: str = ""


@dataclass(frozen=True, slots=True)
class QueueState:
    """What waits: times in epoch seconds, sizes in bytes."""

    count: int
    longest_waited: int = 0
    newest: int = 0
    oldest: int = 0
    size: int = 0
    live: bool = False


@dataclass(frozen=True, slots=True)
class DeliveryAsked:
    """Messages that wait, at most `limit`. Answer: pairs of id and envelope, with the queue's state."""

    limit: int
    recipient: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """Envelopes by id."""

    messages: tuple[tuple[str, bytes], ...]
    state: QueueState


@dataclass(frozen=True, slots=True)
class MessagesReceived:
    """Forget these: the peer has them. Answer: `QueueState`."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LiveChanged:
    """Deliver what arrives on this connection, or no longer. Answer: `QueueState`, None where that cannot be."""

    live: bool


# Coordinate Mediation


class Coordinates:
    """Both sides of Coordinate Mediation; a version gives the words."""

    identifier: ClassVar[str]
    roles: ClassVar[tuple[str, ...]] = ("mediator", "recipient")
    versions: ClassVar[frozenset[int]]
    words: ClassVar[Mapping[str, str]]
    """The version's names for update, response, query and listing, and for the list in the last."""
    several: ClassVar[bool]
    """Whether routing_did is a list."""

    def __init__(self, tools: object = None) -> None:
        """Needs no tools: keylists are the agent's."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """Ask for mediation; or change the keylist, given `updates`; or ask for a page of it, given `query`."""
        if "updates" in parameters:
            updates = [{"recipient_did": name, "action": action} for name, action in _updates(parameters)]
            return self._ask("update", {"updates": updates}, "updating")
        if "query" in parameters:
            return self._ask("query", {"paginate": parameters["query"]}, "querying")
        send = Outgoing(f"{self.identifier}/mediate-request", headers={"return_route": "all"})
        return Transition(ThreadState("recipient", "requested"), (send,))

    def _ask(self, word: str, body: Mapping[str, Any], state: str) -> Transition:
        send = Outgoing(f"{self.identifier}/{self.words[word]}", body, {"return_route": "all"})
        return Transition(ThreadState("recipient", state), (send,))

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Ask the agent what a mediator has to answer; take what a mediator answers."""
        message, words = received.message, self.words
        if message.name in ("mediate-request", words["update"], words["query"]):
            if thread is not None and thread.role != "mediator":
                raise OutOfOrder("request in a thread that we began")
            return Transition(ThreadState("mediator", message.name), ask=self._question(message))
        if message.name == "mediate-grant":
            _require(thread, "requested")
            return Transition(ThreadState("recipient", "granted"), ask=RoutingGranted(self._routing(message)))
        if message.name == "mediate-deny":
            _require(thread, "requested")
            return Transition(ThreadState("recipient", "denied"), ask=RoutingGranted(()))
        if message.name == words["response"]:
            _require(thread, "updating")
            results = {"updated": list(_entries(message.body.get("updated")))}
            return Transition(ThreadState("recipient", "updated", results), closed=True)
        if message.name == words["listing"]:
            _require(thread, "querying")
            listed = {"recipients": [_name(one) for one in _entries(message.body.get(words["list"]))]}
            return Transition(ThreadState("recipient", "listed", listed), closed=True)
        raise UnsupportedMessage("no message of coordinate-mediation")

    def _question(self, message: Message) -> Any:
        if message.name == "mediate-request":
            return MediationAsked()
        if message.name == self.words["update"]:
            return KeysChanged(_updates(message.body))
        page = message.body.get("paginate", {})
        stated: dict[str, Any] = page if isinstance(page, dict) else {"limit": None}
        limit, offset = stated.get("limit", 100), stated.get("offset", 0)
        if not _count(limit) or not _count(offset):
            raise InvalidBody("paginate needs limit and offset")
        return KeysQueried(min(limit, 1000), offset)

    def _routing(self, message: Message) -> tuple[str, ...]:
        stated = message.body.get("routing_did")
        # Deployed mediators write the one form where the other is due.
        listed = stated if isinstance(stated, list) else [stated]
        if not 1 <= len(listed) <= 5 or not all(isinstance(one, str) and one.startswith("did:") for one in listed):
            raise InvalidBody("routing_did")
        return tuple(listed)

    def answered(self, thread: ThreadState, question: Any, answer: Any) -> Transition:
        """The mediator's answer; or, at the recipient's side, nothing more."""
        if isinstance(question, RoutingGranted):
            return Transition(thread, closed=True)
        if isinstance(question, MediationAsked):
            return self._decided(answer)
        if isinstance(question, KeysChanged):
            updated = [
                {"recipient_did": name, "action": action, "result": result}
                for (name, action), result in zip(question.updates, answer, strict=True)
            ]
            return self._reply("updated", "response", {"updated": updated})
        page: KeyPage = answer
        listed = {
            self.words["list"]: [{"recipient_did": name} for name in page.recipients],
            "pagination": {"count": len(page.recipients), "offset": question.offset, "remaining": page.remaining},
        }
        return self._reply("listed", "listing", listed)

    def _decided(self, routing: Sequence[str]) -> Transition:
        if not routing:
            deny = Outgoing(f"{self.identifier}/mediate-deny")
            return Transition(ThreadState("mediator", "denied"), (deny,), closed=True)
        stated: Any = list(routing) if self.several else routing[0]
        grant = Outgoing(f"{self.identifier}/mediate-grant", {"routing_did": stated})
        return Transition(ThreadState("mediator", "granted"), (grant,), closed=True)

    def _reply(self, state: str, word: str, body: Mapping[str, Any]) -> Transition:
        send = Outgoing(f"{self.identifier}/{self.words[word]}", body)
        return Transition(ThreadState("mediator", state), (send,), closed=True)


def _require(thread: ThreadState | None, state: str) -> None:
    if thread is None or (thread.role, thread.state) != ("recipient", state):
        raise OutOfOrder("answer to nothing that we asked")


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _entries(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or len(value) > 1000 or not all(isinstance(one, dict) for one in value):
        raise InvalidBody("not a list of objects")
    return value


def _name(entry: Mapping[str, Any]) -> str:
    name = entry.get("recipient_did")
    if not isinstance(name, str) or not 0 < len(name) <= _MAX_NAME:
        raise InvalidBody("recipient_did")
    return name


def _updates(body: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    entries = _entries(body.get("updates"))
    if not 1 <= len(entries) <= MAX_UPDATES:
        raise InvalidBody("updates are none, or too many")
    found = tuple((_name(entry), entry.get("action")) for entry in entries)
    if not all(action in ("add", "remove") for _, action in found):
        raise InvalidBody("action is add or remove")
    return found  # type: ignore[return-value]  # looked at one by one
