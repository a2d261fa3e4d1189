"""Which row of the route tables answers a path: one canonical parse, dictionary look-ups."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from protocols.http import Route


@dataclass(slots=True)
class _Node:
    routes: dict[str, Route] = field(default_factory=dict)
    fixed: "dict[str, _Node]" = field(default_factory=dict)
    name: str = ""
    any: "_Node | None" = None


@dataclass(frozen=True, slots=True)
class Match:
    """The methods that a path knows, and the values of its `{names}`."""

    routes: Mapping[str, Route]
    path: Mapping[str, str]


class Router:
    """A tree of path segments."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            node = self._root
            for segment in route.path.strip("/").split("/"):
                node = self._child(node, segment)
            if route.method in node.routes:
                raise ValueError(f"two routes for {route.method} {route.path}")
            node.routes[route.method] = route

    @staticmethod
    def _child(node: _Node, segment: str) -> _Node:
        if segment.startswith("{"):
            if node.any is None:
                node.any = _Node(name=segment[1:-1])
            return node.any
        return node.fixed.setdefault(segment, _Node())

    def match(self, path: str) -> Match | None:
        """The match of a raw path, None when there is none. Encoded slashes and dot segments match nothing."""
        node, values = self._root, {}
        for raw in path.strip("/").split("/"):
            following = node.fixed.get(raw)
            if following is None:
                segment = unquote(raw, errors="replace") if "%" in raw else raw
                if node.any is None or "/" in segment or segment in ("", ".", "..") or "�" in segment:
                    return None
                values[node.any.name] = segment
                following = node.any
            node = following
        return Match(node.routes, values) if node.routes else None
