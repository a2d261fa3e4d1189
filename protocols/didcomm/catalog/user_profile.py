"""User Profile 1.0: how a peer would like to be shown to people; every word of it is untrusted."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from protocols.didcomm.envelope import Received
from protocols.didcomm.protocol import Feature, InvalidBody, Outgoing, ThreadState, Transition, UnsupportedMessage

IDENTIFIER = "https://didcomm.org/user-profile/1.0"
PROFILE = f"{IDENTIFIER}/profile"
_MAX_FIELDS, _MAX_TEXT = 32, 2_000


class ProfileAsked:
    """What is the profile that we show to this peer? Answer: its fields, none to show nothing."""

    __slots__ = ("query",)

    def __init__(self, query: Sequence[str] = ()) -> None:
        self.query = tuple(query)


class UserProfile:
    """Sends and takes profiles; sends ours back when it is asked for, never in answer to an answer."""

    identifier: ClassVar[str] = IDENTIFIER
    roles: ClassVar[tuple[str, ...]] = ("sender", "receiver")
    versions: ClassVar[frozenset[int]] = frozenset({1, 2})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """Send `profile`, or ask for the peer's with `request`: the fields wanted, none for all."""
        if "request" in parameters:
            query = _query(parameters["request"])
            sent = Outgoing(f"{IDENTIFIER}/request-profile", {"query": list(query)} if query else {})
            return Transition(ThreadState("receiver", "requested"), (sent,), closed=True)
        back = parameters.get("send_back_yours", False)
        body = {"profile": _profile(parameters), **({"send_back_yours": True} if back is True else {})}
        return Transition(ThreadState("sender", "sent"), (Outgoing(f"{IDENTIFIER}/profile", body),), closed=True)

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Keep what the peer tells of itself; ask the agent for ours where it is wanted."""
        message = received.message
        if message.name == "request-profile":
            return Transition(ThreadState("sender", "asked"), ask=ProfileAsked(_query(message.body.get("query", []))))
        if message.name != "profile":
            raise UnsupportedMessage("user-profile knows profile and request-profile")
        state = ThreadState("receiver", "received", {"profile": _profile(message.body)})
        # Only what begins a thread may ask back, so that two agents do not send profiles for ever.
        wanted = message.body.get("send_back_yours") is True and not message.pthid
        return Transition(state, closed=True, ask=ProfileAsked() if wanted else None)

    def answered(self, thread: ThreadState, question: Any, answer: Any) -> Transition:
        """Our profile, or nothing."""
        shown = {name: value for name, value in answer.items() if not question.query or name in question.query}
        sent = (Outgoing(f"{IDENTIFIER}/profile", {"profile": shown}, apart=True),) if shown else ()
        return Transition(thread, sent, closed=True)


def merged(bodies: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What a peer has told of itself in messages `profile`, oldest first: a field that one leaves out stays as it was,
    and one that is null or empty goes (Profile)."""
    found: dict[str, Any] = {}
    for body in bodies:
        found |= _profile(body)
    return {name: value for name, value in found.items() if value}


def _query(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _MAX_FIELDS or not all(isinstance(one, str) for one in value):
        raise InvalidBody("query")
    return tuple(value)


def _profile(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fields that people read; a picture stays an attachment of the message that brought it."""
    profile = body.get("profile")
    if not isinstance(profile, dict) or len(profile) > _MAX_FIELDS:
        raise InvalidBody("profile")
    for value in profile.values():
        if value is not None and (not isinstance(value, str) or len(value) > _MAX_TEXT):
            raise InvalidBody("profile")
    return profile
