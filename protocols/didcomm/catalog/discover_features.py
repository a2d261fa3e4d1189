"""Discover Features 2.0: what can the peer do?"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

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

QUERIES = "https://didcomm.org/discover-features/2.0/queries"
_MAX_QUERIES = 32
_MAX_MATCH = 256


class DiscoverFeatures:
    """Asks, and tells what was asked for."""

    identifier: ClassVar[str] = "https://didcomm.org/discover-features/2.0"
    roles: ClassVar[tuple[str, ...]] = ("requester", "responder")
    answer: ClassVar[str] = "disclose"
    versions: ClassVar[frozenset[int]] = frozenset({2})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools: features come with the message."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """Ask `queries`, each of `feature-type` and `match`."""
        queries = [{"feature-type": kind, "match": match} for kind, match in _queries(parameters)]
        return Transition(ThreadState("requester", "asked"), (Outgoing(QUERIES, {"queries": queries}),))

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Tell the features that match; take what the peer tells."""
        message = received.message
        if message.name == "queries":
            if thread is not None and thread.role != "responder":
                raise OutOfOrder("queries in a thread that we began")
            disclosed = _disclosures(_queries(message.body), features)
            answer = Outgoing(f"{self.identifier}/{self.answer}", {"disclosures": disclosed})
            return Transition(ThreadState("responder", "completed"), (answer,), closed=True)
        if message.name != self.answer:
            raise UnsupportedMessage(f"discover-features knows queries and {self.answer}")
        if thread is None or (thread.role, thread.state) != ("requester", "asked"):
            raise OutOfOrder("disclosure that nobody asked for")
        told = _told(message.body.get("disclosures"))
        return Transition(ThreadState("requester", "completed", {"disclosures": told}), closed=True)


class DiscoverFeatures2V1(DiscoverFeatures):
    """The same between agents of version 1, where the answer is called `disclosures` (RFC 0557)."""

    versions: ClassVar[frozenset[int]] = frozenset({1})
    answer: ClassVar[str] = "disclosures"


def _queries(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    queries = body.get("queries")
    if not isinstance(queries, list) or not 1 <= len(queries) <= _MAX_QUERIES:
        raise InvalidBody("queries are none, or too many")
    found = []
    for query in queries:
        kind, match = (query.get("feature-type"), query.get("match")) if isinstance(query, dict) else (None, None)
        if not isinstance(kind, str) or not isinstance(match, str) or len(match) > _MAX_MATCH:
            raise InvalidBody("query without feature-type or match")
        found.append((kind, match))
    return found


def _disclosures(queries: Sequence[tuple[str, str]], features: Sequence[Feature]) -> list[dict[str, Any]]:
    """Every matching feature once, in our order; an empty list says no more than that nothing is told."""
    return [
        _disclosure(feature)
        for feature in features
        if any(kind == feature.type and matches(match, feature.id) for kind, match in queries)
    ]


def _disclosure(feature: Feature) -> dict[str, Any]:
    optional = {"roles": list(feature.roles), "value": feature.value}
    return {
        "feature-type": feature.type,
        "id": feature.id,
        **{name: value for name, value in optional.items() if value},
    }


def matches(pattern: str, text: str) -> bool:
    """Whether text fits a pattern in which `*` stands for anything; never slower than their lengths multiplied."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    if not text.startswith(first) or not text.endswith(rest[-1]) or len(text) < len(first) + len(rest[-1]):
        return False
    at, end = len(first), len(text) - len(rest[-1])
    for part in rest[:-1]:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _told(disclosures: Any) -> list[Mapping[str, Any]]:
    if not isinstance(disclosures, list) or len(disclosures) > 1_000:
        raise InvalidBody("disclosures are no list, or too long")
    for entry in disclosures:
        if not isinstance(entry, dict) or not isinstance(entry.get("feature-type"), str):
            raise InvalidBody("disclosure without feature-type")
        if not isinstance(entry.get("id"), str):
            raise InvalidBody("disclosure without id")
    return disclosures
