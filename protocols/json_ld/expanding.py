"""Expansion and deserialization to RDF (JSON-LD 1.1 Processing Algorithms, 5.1.2 and 8.1.2), with nothing lost."""

import re
from collections.abc import Mapping
from typing import Any

from pyld import jsonld

from protocols.errors import ProtocolError
from protocols.json_ld import contexts
from protocols.json_ld.contexts import Contexts

_NO_HOST = re.compile(r"https?://(?!localhost\b|\[)[^/?#.]*([/?#]|$)", re.IGNORECASE)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]*")

# What pyld lets through when a context or a value is of a form that it did not think of.
ITS_OWN = (KeyError, TypeError, AttributeError, ValueError, IndexError, RecursionError)


class InvalidJsonLd(ProtocolError):
    """The document is not JSON-LD that can be signed as a whole."""

    code = "invalid_json_ld"


def loader(added: Contexts) -> Any:
    """pyld's document loader over known contexts; it raises UnknownContext for others."""

    def load(url: str, _options: Any) -> dict[str, Any]:
        found = added[url] if url in added else contexts.load(url)
        return {"contextUrl": None, "documentUrl": url, "document": found, "contentType": "application/ld+json"}

    return load


def expand(document: Mapping[str, Any], added: Contexts) -> list[Any]:
    """The expanded document. Raises InvalidJsonLd for terms that no context defines, UnknownContext."""
    contexts.require_known(document, added)
    try:
        expanded: list[Any] = jsonld.expand(
            document, {"documentLoader": loader(added), "base": None}, on_property_dropped=_refuse_term
        )
    except jsonld.JsonLdError as error:
        raise InvalidJsonLd(_reason(error)) from None
    except ITS_OWN as error:
        raise InvalidJsonLd(type(error).__name__) from None
    _require_absolute(expanded)
    return expanded


def _refuse_term(_name: Any) -> None:
    raise InvalidJsonLd("a term that no context defines")


def _reason(error: jsonld.JsonLdError) -> str:
    """A word of the specification, never a value of the document."""
    return str(error.code or error.type)


def _require_absolute(value: Any) -> None:
    """A relative IRI would be left out of the graph in silence."""
    if isinstance(value, list):
        for one in value:
            _require_absolute(one)
    elif isinstance(value, dict):
        if value.get("@type") == "@json":
            return
        types = value.get("@type", [])
        types = types if isinstance(types, list) else [types]
        for iri in [value.get("@id"), *types]:
            if iri is not None and not (isinstance(iri, str) and (iri.startswith("_:") or _ABSOLUTE.fullmatch(iri))):
                raise InvalidJsonLd("an identifier or type that is no absolute IRI")
        if any(_NO_HOST.match(iri) for iri in types if isinstance(iri, str)):
            raise InvalidJsonLd("a type at no host's address")
        for name, member in value.items():
            if name not in ("@id", "@type", "@value"):
                _require_absolute(member)


def to_quads(document: Mapping[str, Any], added: Contexts) -> str:
    """The document's dataset as N-Quads, blank nodes as they come. Raises InvalidJsonLd, UnknownContext."""
    return expanded_to_quads(expand(document, added))


def expanded_to_quads(expanded: list[Any]) -> str:
    """The dataset of an expanded document."""
    try:
        quads: str = jsonld.to_rdf(expanded, {"format": "application/n-quads", "skipExpansion": True})
    except jsonld.JsonLdError as error:
        raise InvalidJsonLd(_reason(error)) from None
    except ITS_OWN as error:
        raise InvalidJsonLd(type(error).__name__) from None
    return quads
