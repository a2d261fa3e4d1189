"""A DCQL query from plain words: which type of credential, and which claims of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from protocols.dcql.query import InvalidQuery

MDOC = "mso_mdoc"
_STEP = re.compile(r"(?P<name>[^.\[\]]+)(?P<steps>(\[\d*\])*)")


@dataclass(frozen=True, slots=True)
class PlainCredential:
    """One credential in words. `claims`: `address.locality`, `nationalities[]` (every one), `degrees[0].type`; of an
    mdoc `namespace/element`."""

    type: str
    format: str = "dc+sd-jwt"
    claims: tuple[str, ...] = ()
    id: str | None = None


def build(credentials: Sequence[PlainCredential]) -> dict[str, Any]:
    """The query that wants all of them. Raises InvalidQuery for words that are no path."""
    return {"credentials": [_credential(one, number) for number, one in enumerate(credentials)]}


def _credential(plain: PlainCredential, number: int) -> dict[str, Any]:
    read = mdoc_path if plain.format == MDOC else path
    query: dict[str, Any] = {
        "id": plain.id or f"credential{number or ''}",
        "format": plain.format,
        "meta": _meta(plain),
    }
    return query | ({"claims": [{"path": read(word)} for word in plain.claims]} if plain.claims else {})


def _meta(plain: PlainCredential) -> Mapping[str, Any]:
    if plain.format == MDOC:
        return {"doctype_value": plain.type}
    if plain.format == "dc+sd-jwt":
        return {"vct_values": [plain.type]}
    return {"type_values": [[plain.type]]}


def path(words: str) -> list[str | int | None]:
    """A claims path pointer (7). Raises InvalidQuery."""
    found: list[str | int | None] = []
    for part in words.split("."):
        step = _STEP.fullmatch(part)
        if step is None:
            raise InvalidQuery("claim: not a path")
        found.append(step["name"])
        found += [int(index) if index else None for index in re.findall(r"\[(\d*)\]", step["steps"])]
    return found


def mdoc_path(words: str) -> list[str]:
    """The path of `namespace/element`. Raises InvalidQuery."""
    namespace, _, element = words.partition("/")
    if not namespace or not element:
        raise InvalidQuery("claim: not a namespace/element")
    return [namespace, element]
