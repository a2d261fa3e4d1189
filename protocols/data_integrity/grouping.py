"""Documents as groups of canonical N-Quads (VC ECDSA Cryptosuites 1.0, 3.4): which statement belongs to what selection.

Blank nodes become IRIs of a scheme of our own while parts are selected, so that they stay who they are.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyld import jsonld

from protocols import json_ld
from protocols.data_integrity.errors import ProofTransformationError
from protocols.data_integrity.selecting import select
from protocols.json_ld import Contexts

_SCHEME = "urn:bnid:"
# A literal may hold what looks like such an IRI: strings are passed over whole.
_TERM = re.compile(r'"(?:[^"\\]|\\.)*"|<urn:bnid:([A-Za-z0-9._-]+)>')
Labelling = Callable[[Mapping[str, str]], Mapping[str, str]]
"""From canonical labels by input label ({"b0": "c14n3"}) to the labels that are used instead."""


@dataclass(frozen=True, slots=True)
class Group:
    """The statements of a selection by their place among all, the rest, and the selection with its own labels."""

    matching: Mapping[int, str]
    others: Mapping[int, str]
    quads: Sequence[str]


@dataclass(frozen=True, slots=True)
class Grouped:
    """All statements under their labels, in canonical order; the labels by input label; groups by name."""

    quads: Sequence[str]
    labels: Mapping[str, str]
    groups: Mapping[str, Group]


def canonicalize(quads: Sequence[str], labelling: Labelling) -> tuple[list[str], Mapping[str, str]]:
    """Canonical N-Quads under other labels, and those labels by input label. Raises ProofTransformationError."""
    text = "".join(quads)
    canonical = json_ld.canonical_labels(text)
    # Two implementations have to agree on who is who before anything is signed by it.
    if json_ld.relabelled(quads, canonical) != json_ld.canonical_quads(text):
        raise ProofTransformationError("labels")
    labels = labelling(canonical)
    return json_ld.relabelled(quads, labels), labels


def group(
    document: Mapping[str, Any], labelling: Labelling, selections: Mapping[str, Sequence[str]], added: Contexts
) -> Grouped:
    """Canonicalize a document and say which statements each selection of pointers makes."""
    expanded = _skolemized(json_ld.expand(document, added), _Counter())
    compacted = _compacted(expanded, document["@context"], added)
    quads, labels = canonicalize(_deskolemized(json_ld.expanded_to_quads(expanded)), labelling)
    groups = {name: _group(compacted, pointers, quads, labels, added) for name, pointers in selections.items()}
    return Grouped(quads, labels, groups)


def _group(
    compacted: Mapping[str, Any],
    pointers: Sequence[str],
    quads: Sequence[str],
    labels: Mapping[str, str],
    added: Contexts,
) -> Group:
    selection = select(compacted, pointers)
    own = [] if selection is None else _deskolemized(json_ld.to_quads(selection, added))
    wanted = set(json_ld.relabelled(own, labels))
    if not wanted.issubset(quads):
        raise ProofTransformationError("a selection that is no part of the document")
    placed = list(enumerate(quads))
    return Group(
        {place: quad for place, quad in placed if quad in wanted},
        {place: quad for place, quad in placed if quad not in wanted},
        own,
    )


class _Counter:
    """Names for nodes that have none."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self) -> str:
        self._next += 1
        return f"{_SCHEME}s{self._next}"


def _skolemized(value: Any, name: _Counter) -> Any:
    """Every node object gets an IRI (skolemizeExpandedJsonLd)."""
    if isinstance(value, list):
        return [_skolemized(one, name) for one in value]
    if not isinstance(value, dict) or "@value" in value or value.get("@type") == "@json":
        return value
    made = {key: _skolemized(member, name) for key, member in value.items()}
    if "@list" in value or "@set" in value:
        return made
    identifier = value.get("@id")
    if identifier is None:
        made["@id"] = name()
    elif identifier.startswith(_SCHEME):
        raise ProofTransformationError("an id of our own scheme")
    elif identifier.startswith("_:"):
        made["@id"] = f"{_SCHEME}b.{identifier[2:]}"
    return made


def _compacted(expanded: Any, context: Any, added: Contexts) -> dict[str, Any]:
    try:
        found: dict[str, Any] = jsonld.compact(
            expanded, context, {"documentLoader": json_ld.loader(added), "base": None, "skipExpansion": True}
        )
    except (jsonld.JsonLdError, *json_ld.ITS_OWN) as error:
        raise ProofTransformationError(type(error).__name__) from None
    return found


def _deskolemized(quads: str) -> list[str]:
    """N-Quads, a statement each, with blank nodes as blank nodes again."""
    return [
        _TERM.sub(lambda found: f"_:{found[1]}" if found[1] else found[0], f"{line}\n")
        for line in quads.split("\n")
        if line
    ]


def places(found: Sequence[int], among: Sequence[int]) -> list[int]:
    """Where each of some places stands within others."""
    index = {place: number for number, place in enumerate(among)}
    return [index[place] for place in found if place in index]
