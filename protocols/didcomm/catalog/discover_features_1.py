"""Discover Features 1.0 (RFC 0031): which protocols does the peer speak?"""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.didcomm.catalog.discover_features import matches
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

IDENTIFIER = "https://didcomm.org/discover-features/1.0"
_MAX_MATCH = 256
_MAX_TOLD = 1_000


class DiscoverFeatures1:
    """Asks, and tells what was asked for."""

    identifier: ClassVar[str] = IDENTIFIER
    roles: ClassVar[tuple[str, ...]] = ("requester", "responder")
    versions: ClassVar[frozenset[int]] = frozenset({1})

    def __init__(self, tools: object = None) -> None:
        """Needs no tools: features come with the message."""

    def begin(self, parameters: Mapping[str, Any]) -> Transition:
        """Ask `query`, a protocol identifier in which `*` stands for anything."""
        query = _query(parameters)
        return Transition(ThreadState("requester", "asked"), (Outgoing(f"{IDENTIFIER}/query", {"query": query}),))

    def receive(self, thread: ThreadState | None, received: Received, features: tuple[Feature, ...]) -> Transition:
        """Tell the protocols that match; take what the peer tells."""
        message = received.message
        if message.name == "query":
            if thread is not None and thread.role != "responder":
                raise OutOfOrder("query in a thread that we began")
            query = _query(message.body)
            told = [
                {"pid": feature.id, "roles": list(feature.roles)}
                for feature in features
                if feature.type == "protocol" and matches(query, feature.id)
            ]
            answer = Outgoing(f"{IDENTIFIER}/disclose", {"protocols": told})
            return Transition(ThreadState("responder", "completed"), (answer,), closed=True)
        if message.name != "disclose":
            raise UnsupportedMessage("discover-features knows query and disclose")
        if thread is None or (thread.role, thread.state) != ("requester", "asked"):
            raise OutOfOrder("disclosure that nobody asked for")
        return Transition(ThreadState("requester", "completed", {"protocols": _told(message.body)}), closed=True)


def _query(body: Mapping[str, Any]) -> str:
    query = body.get("query")
    if not isinstance(query, str) or len(query) > _MAX_MATCH:
        raise InvalidBody("query is no text, or too long")
    return query


def _told(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    protocols = body.get("protocols")
    if not isinstance(protocols, list) or len(protocols) > _MAX_TOLD:
        raise InvalidBody("protocols are no list, or too long")
    if not all(isinstance(entry, dict) and isinstance(entry.get("pid"), str) for entry in protocols):
        raise InvalidBody("protocol without pid")
    return protocols
