"""The IRIs of a document's types, where its contexts are all known beforehand: a question of names, without a graph."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from protocols.errors import ProtocolError
from protocols.json_ld.contexts import Contexts, require_known, require_pinned
from protocols.json_ld.expanding import expand

_MOST = 10


def type_iris(document: Mapping[str, Any], added: Contexts) -> tuple[str, ...]:
    """The types as IRIs, none when a context is not known here: a name that stays a name (OpenID4VP 1.0, B.1.1).

    Contexts by URL alone, which come with us or from the operator: what they cost is known, so this may be done at
    once.
    """
    contexts, types = (_listed(document.get(name)) for name in ("@context", "type"))
    if len(contexts) > _MOST or len(types) > _MOST:
        return ()
    try:
        require_pinned({"@context": contexts})
        require_known({"@context": contexts}, added)
    except ProtocolError:
        return ()
    if any(url in added for url in contexts):
        return _expanded(tuple(contexts), tuple(types), added)
    return _bundled(tuple(contexts), tuple(types))


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


@lru_cache(maxsize=1024)
def _bundled(contexts: tuple[str, ...], types: tuple[str, ...]) -> tuple[str, ...]:
    return _expanded(contexts, types, {})


def _expanded(contexts: tuple[str, ...], types: tuple[str, ...], added: Contexts) -> tuple[str, ...]:
    """Each for itself: one that no context defines does not take the others with it."""
    found: list[str] = []
    for name in types:
        try:
            (one,) = expand({"@context": list(contexts), "type": [name]}, added)
        except (ProtocolError, ValueError):
            continue
        found += one.get("@type", ())
    return tuple(found)
