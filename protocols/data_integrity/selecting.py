"""Parts of JSON by pointer (VC ECDSA Cryptosuites 1.0, 3.4.11 to 3.4.13: selectJsonLd, selectPaths)."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from protocols.data_integrity.errors import ProofGenerationError


class _Sparse(dict[int, Any]):
    """An array of which some places are filled."""


def select(document: Mapping[str, Any], pointers: Sequence[str]) -> dict[str, Any] | None:
    """The least document with what the pointers name, its contexts, and ids and types on the way; None for none.

    Raises ProofGenerationError for a pointer that leads nowhere.
    """
    if not pointers:
        return None
    selection: dict[str, Any] = {"@context": copy.deepcopy(document.get("@context")), **_beginning(document)}
    for pointer in pointers:
        _select(document, _parse(pointer), selection)
    return {name: _whole(value) for name, value in selection.items()}


def _parse(pointer: str) -> list[str]:
    """The steps of a JSON pointer (RFC 6901, 3)."""
    if not pointer.startswith("/"):
        raise ProofGenerationError("a pointer that names no part")
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]


def _beginning(value: Mapping[str, Any]) -> dict[str, Any]:
    """What comes along with any part of an object: its id, unless it is a blank node's, and its types."""
    kept: dict[str, Any] = {}
    identifier = value.get("id")
    if isinstance(identifier, str) and not identifier.startswith("_:"):
        kept["id"] = identifier
    if "type" in value:
        kept["type"] = copy.deepcopy(value["type"])
    return kept


def _step(value: Any, part: str) -> tuple[Any, Any]:
    """The member or item that a step leads to, and its key."""
    if isinstance(value, Mapping) and part in value:
        return value[part], part
    if isinstance(value, list) and part.isascii() and part.isdigit() and int(part) < len(value):
        return value[int(part)], int(part)
    raise ProofGenerationError("a pointer that leads nowhere")


def _select(document: Mapping[str, Any], parts: Sequence[str], within: dict[Any, Any]) -> None:
    value: Any = document
    selection: Any = within
    for part in parts[:-1]:
        value, key = _step(value, part)
        if not isinstance(value, Mapping | list):
            raise ProofGenerationError("a pointer that leads nowhere")
        if isinstance(selection, dict):
            selection = selection.setdefault(key, _Sparse() if isinstance(value, list) else _beginning(value))
    value, key = _step(value, parts[-1])
    # What is below a part that was taken whole is there already.
    if isinstance(selection, dict):
        selection[key] = copy.deepcopy(value)


def _whole(value: Any) -> Any:
    """Arrays without their holes."""
    if isinstance(value, _Sparse):
        return [_whole(value[place]) for place in sorted(value)]
    if isinstance(value, dict):
        return {name: _whole(member) for name, member in value.items()}
    return value
