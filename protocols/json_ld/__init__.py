"""JSON-LD 1.1 to RDF and RDFC-1.0, over contexts that are known beforehand and pinned by hash; nothing is fetched.

What would be lost on the way is refused: a signature over RDF does not cover what RDF does not hold.  The work can be
made slow by whoever writes the document: it is bounded here, and the agent calls it in the sandbox.
"""

from protocols.json_ld.canonicalizing import (
    MAX_BLANK_NODES,
    MAX_QUADS,
    TooComplex,
    canonical_labels,
    canonical_quads,
    canonicalize,
    relabelled,
)
from protocols.json_ld.contexts import Contexts, UnknownContext, bundled, needed, pinned, require_known, require_pinned
from protocols.json_ld.expanding import ITS_OWN, InvalidJsonLd, expand, expanded_to_quads, loader, to_quads
from protocols.json_ld.types import type_iris

__all__ = [
    "ITS_OWN",
    "MAX_BLANK_NODES",
    "MAX_QUADS",
    "Contexts",
    "InvalidJsonLd",
    "TooComplex",
    "UnknownContext",
    "bundled",
    "canonical_labels",
    "canonical_quads",
    "canonicalize",
    "expand",
    "expanded_to_quads",
    "loader",
    "needed",
    "pinned",
    "relabelled",
    "require_known",
    "require_pinned",
    "to_quads",
    "type_iris",
]
