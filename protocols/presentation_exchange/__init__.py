"""DIF Presentation Exchange 2.1 (and definitions of 1.0), as far as agents use it for W3C credentials.

A definition is read whole; a feature that is not known here is a refusal, so that nothing is left out in silence. Paths
are JSONPath without filters, wildcards or descent. Filters are JSON Schemas, which the caller evaluates.
"""

from protocols.presentation_exchange.definition import (
    Definition,
    Descriptor,
    Field,
    InvalidDefinition,
    filter_of,
    parse,
    render,
)
from protocols.presentation_exchange.submission import (
    CONTEXT,
    TYPE,
    InvalidSubmission,
    render_submission,
    require_submission,
)

__all__ = [
    "CONTEXT",
    "TYPE",
    "Definition",
    "Descriptor",
    "Field",
    "InvalidDefinition",
    "InvalidSubmission",
    "filter_of",
    "parse",
    "render",
    "render_submission",
    "require_submission",
]
