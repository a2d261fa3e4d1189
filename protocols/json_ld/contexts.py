"""Contexts: those that come with us (`contexts/index.json` says from where), and those that an operator adds.

An unknown URL is an error.  A file whose bytes are not those of its hash is no context at all.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any

from protocols.errors import Malformed, ProtocolError

Contexts = Mapping[str, Any]
"""Context documents by URL."""


class UnknownContext(ProtocolError):
    """The document names a JSON-LD context that is not known here."""

    code = "unknown_context"


@cache
def _index() -> dict[str, dict[str, str]]:
    folder = resources.files("protocols.json_ld") / "contexts"
    return {entry["url"]: entry for entry in json.loads((folder / "index.json").read_bytes())}


def bundled() -> frozenset[str]:
    """The URLs of the contexts that come with us."""
    return frozenset(_index())


@cache
def load(url: str) -> Any:
    """A bundled context's document. Raises UnknownContext."""
    entry = _index().get(url)
    if entry is None:
        raise UnknownContext("not bundled")
    return pinned(octets(url) or b"", entry["sha256"])


def octets(url: str) -> bytes | None:
    """The very bytes of a bundled context, None when it is not one."""
    entry = _index().get(url)
    if entry is None:
        return None
    return (resources.files("protocols.json_ld") / "contexts" / entry["file"]).read_bytes()


def pinned(body: bytes, digest: str) -> Any:
    """The document of a context file, if its SHA-256 (hex) is the one that was written down. Raises Malformed."""
    if sha256(body).hexdigest() != digest.lower():
        raise Malformed("context file has another hash")
    document = json.loads(body)
    if not isinstance(document, dict) or "@context" not in document:
        raise Malformed("file holds no context")
    return document


def _named(value: Any) -> Iterator[str]:
    """Every context URL in a document, in nested and scoped contexts too."""
    if isinstance(value, list):
        for one in value:
            yield from _named(one)
    elif isinstance(value, dict):
        for name, member in value.items():
            if name in ("@context", "@import"):
                yield from _urls(member)
            yield from _named(member)


def _urls(context: Any) -> Iterator[str]:
    for one in context if isinstance(context, list) else [context]:
        if isinstance(one, str):
            yield one


def needed(document: Any, added: Contexts) -> dict[str, Any]:
    """Those of an operator's contexts that a document may need: none unless it names one."""
    return dict(added) if added and any(url in added for url in _named(document)) else {}


def require_known(document: Any, added: Contexts) -> None:
    """Raises UnknownContext for the first URL that nobody here has."""
    known = _index()
    for url in _named(document):
        if url not in known and url not in added:
            raise UnknownContext("of the document")


def require_pinned(document: Any) -> None:
    """Only contexts by URL. Raises UnknownContext for one that the document brings itself."""
    if isinstance(document, list):
        for one in document:
            require_pinned(one)
    elif isinstance(document, dict):
        own = document.get("@context", [])
        if not all(isinstance(one, str) for one in (own if isinstance(own, list) else [own])):
            raise UnknownContext("a context within the document")
        for member in document.values():
            require_pinned(member)
