"""RDF Dataset Canonicalization (RDFC-1.0), bounded. The worst case is exponential all the same: use the sandbox."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyoxigraph
from pyld.canon import URDNA2015

from protocols.errors import Malformed, ProtocolError
from protocols.json_ld.contexts import Contexts
from protocols.json_ld.expanding import to_quads

MAX_QUADS = 10_000
MAX_BLANK_NODES = 256
_ALGORITHMS = {
    "sha256": pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0,
    "sha384": pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0_SHA_384,
}
_BLANK = re.compile(r"_:[A-Za-z0-9_.-]*[A-Za-z0-9_-]")


class TooComplex(ProtocolError):
    """The document is too complex to be canonicalized."""

    code = "too_complex"


def canonicalize(document: Mapping[str, Any], digest: str, added: Contexts) -> str:
    """The canonical N-Quads of a JSON-LD document; `digest` is "sha256" or "sha384", within the algorithm too."""
    return "".join(canonical_quads(to_quads(document, added), digest))


def canonical_quads(quads: str, digest: str = "sha256") -> list[str]:
    """The canonical form of N-Quads, a line each. Raises TooComplex beyond the bounds, Malformed."""
    _require_bounds(quads)
    dataset = _parse(quads)
    dataset.canonicalize(_ALGORITHMS[digest])
    text = pyoxigraph.serialize(dataset, format=pyoxigraph.RdfFormat.N_QUADS) or b""
    # Not splitlines: a literal may hold other characters that Unicode takes for the end of a line.
    return sorted(f"{line}\n" for line in text.decode().split("\n") if line)


def _parse(quads: str) -> pyoxigraph.Dataset:
    try:
        return pyoxigraph.Dataset(pyoxigraph.parse(quads, format=pyoxigraph.RdfFormat.N_QUADS))
    except (SyntaxError, ValueError):
        raise Malformed("not N-Quads") from None


def _require_bounds(quads: str) -> None:
    if quads.count("\n") > MAX_QUADS:
        raise TooComplex("quads")
    if "_:" in quads and len(set(_BLANK.findall(quads))) > MAX_BLANK_NODES:
        raise TooComplex("blank nodes")


def canonical_labels(quads: str) -> dict[str, str]:
    """How RDFC-1.0 (SHA-256) renames each blank node of N-Quads: {"b0": "c14n2"}, names without `_:`.

    Raises TooComplex beyond the bounds, Malformed.
    """
    _require_bounds(quads)
    graphs: dict[str, list[Any]] = {}
    for quad in _parse(quads):
        name = "@default" if isinstance(quad.graph_name, pyoxigraph.DefaultGraph) else _term(quad.graph_name)["value"]
        terms = (("subject", quad.subject), ("predicate", quad.predicate), ("object", quad.object))
        graphs.setdefault(name, []).append({place: _term(term) for place, term in terms})
    canonicalizer = _Canonicalizer()
    canonicalizer.main(graphs, {"format": "application/n-quads"})
    return {old[2:]: new[2:] for old, new in canonicalizer.canonical_issuer.existing.items()}


class _Canonicalizer(URDNA2015):  # type: ignore[misc]  # pyld has no types
    """pyld's, which lists a quad twice for a node that is both its subject and its object (RDFC-1.0, 4.4.3, 2.1)."""

    def hash_first_degree_quads(self, id_: str) -> Any:
        """As the library does, over each quad once. It is asked first of every node, before any other hash."""
        listed = self.blank_node_info[id_]["quads"]
        listed[:] = {id(quad): quad for quad in listed}.values()
        return super().hash_first_degree_quads(id_)


def _term(term: Any) -> dict[str, str]:
    """A term as pyld has it. Its own parser is not used: it takes other characters for the end of a line."""
    if isinstance(term, pyoxigraph.BlankNode):
        return {"type": "blank node", "value": f"_:{term.value}"}
    if isinstance(term, pyoxigraph.NamedNode):
        return {"type": "IRI", "value": term.value}
    language = {"language": term.language} if term.language else {}
    return {"type": "literal", "value": term.value, "datatype": term.datatype.value, **language}


def relabelled(quads: Sequence[str], labels: Mapping[str, str]) -> list[str]:
    """N-Quads under other blank node labels, sorted; literals stay as they are."""
    return sorted(_rename(line, labels) for line in quads)


# A literal may hold what looks like a blank node: strings are passed over whole.
_TERM = re.compile(r'"(?:[^"\\]|\\.)*"|<[^>]*>|_:([A-Za-z0-9_.-]*[A-Za-z0-9_-])')


def _rename(line: str, labels: Mapping[str, str]) -> str:
    return _TERM.sub(lambda found: f"_:{labels[found[1]]}" if found[1] else found[0], line)
