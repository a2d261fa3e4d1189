"""Presentation Definitions (Presentation Exchange 2.1, 5): written for a query of ours, read from a verifier."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from protocols.claims_path import ClaimsPath, select
from protocols.encoding import render_json
from protocols.errors import ProtocolError

MAX_DESCRIPTORS = 8
MAX_FIELDS = 32
_MAX_PATHS = 8
_MAX_FILTER = 4_000
_MAX_TEXT = 2_048
_STEP = re.compile(r"\.?\[(\d{1,4})\]|\.?\['([^'\\]{1,256})'\]|\.([A-Za-z0-9_@$-]{1,256})")
_PLAIN = re.compile(r"[A-Za-z0-9_$-]+")
_DESCRIPTOR = {"id", "name", "purpose", "schema", "constraints", "format", "group"}
_CONSTRAINTS = {"fields", "limit_disclosure", "is_holder"}
_FIELD = {"path", "filter", "optional", "id", "purpose", "name", "intent_to_retain"}


class InvalidDefinition(ProtocolError):
    """The presentation definition is not valid, or uses a feature that is not supported here."""

    code = "invalid_presentation_definition"
    status = 422


@dataclass(frozen=True, slots=True)
class Field:
    """One value that is asked for: at the first of these paths that has one; `filter` is a JSON Schema, if any."""

    paths: tuple[ClaimsPath, ...]
    filter: Mapping[str, Any] | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One credential that is asked for. `contexts` are what a definition of 1.0 calls schemas: agents compare them
    with the credential's contexts and types."""

    id: str
    fields: tuple[Field, ...] = ()
    contexts: tuple[str, ...] = ()
    limited: bool = False
    """Whether nothing but the fields may be shown."""

    def fits(self, credential: Mapping[str, Any], satisfies: Callable[[Mapping[str, Any], Any], bool]) -> bool:
        """Whether a credential answers it; `satisfies(schema, value)` evaluates a filter."""
        named = {*_listed(credential.get("@context")), *_listed(credential.get("type"))}
        if self.contexts and named.isdisjoint(self.contexts):
            return False
        return all(_holds(field, credential, satisfies) for field in self.fields)


@dataclass(frozen=True, slots=True)
class Definition:
    """What a verifier asks for: a credential for each descriptor. `proof_types` are those that the presentation may
    have, empty for any."""

    id: str
    descriptors: tuple[Descriptor, ...]
    proof_types: tuple[str, ...] = ()


def _listed(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _holds(field: Field, credential: Mapping[str, Any], satisfies: Callable[[Mapping[str, Any], Any], bool]) -> bool:
    for path in field.paths:
        found = select(credential, path)
        if found:
            return field.filter is None or satisfies(field.filter, found[0])
    return field.optional


def render(definition: Definition) -> dict[str, Any]:
    """The definition as it is sent."""
    shown: dict[str, Any] = {
        "id": definition.id,
        "input_descriptors": [
            {"id": one.id, "constraints": {"fields": [_field(field) for field in one.fields]}}
            for one in definition.descriptors
        ],
    }
    if definition.proof_types:
        shown["format"] = {"ldp_vp": {"proof_type": list(definition.proof_types)}}
    return shown


def _field(field: Field) -> dict[str, Any]:
    shown: dict[str, Any] = {"path": [_path(one) for one in field.paths]}
    return {**shown, "filter": dict(field.filter)} if field.filter else shown


def _path(path: ClaimsPath) -> str:
    """Raises InvalidDefinition for a path that has no such form."""
    steps = []
    for part in path:
        if isinstance(part, int):
            steps.append(f"[{part}]")
        elif part is None or "'" in part or "\\" in part:
            raise InvalidDefinition("a path that JSONPath cannot say here")
        else:
            steps.append(f".{part}" if _PLAIN.fullmatch(part) else f"['{part}']")
    return "$" + "".join(steps)


def parse(definition: Any) -> Definition:
    """Read a definition. Raises InvalidDefinition."""
    if not isinstance(definition, dict) or definition.get("submission_requirements"):
        raise InvalidDefinition("not an object, or submission requirements")
    listed = definition.get("input_descriptors")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_DESCRIPTORS:
        raise InvalidDefinition("input_descriptors")
    descriptors = tuple(_descriptor(one) for one in listed)
    if len({one.id for one in descriptors}) != len(descriptors):
        raise InvalidDefinition("an id twice")
    return Definition(_text(definition.get("id", "")), descriptors, _proof_types(definition.get("format")))


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise InvalidDefinition("not a text")
    return value


def _proof_types(formats: Any) -> tuple[str, ...]:
    """Of the presentation. Raises InvalidDefinition when it may not be one with a proof of this kind."""
    if formats is None:
        return ()
    if not isinstance(formats, dict):
        raise InvalidDefinition("format")
    if not {"ldp_vp", "ldp_vc", "ldp", "di_vp", "di_vc", "di"} & formats.keys():
        raise InvalidDefinition("no format that is presented here")
    wanted = formats.get("ldp_vp", {})
    found = wanted.get("proof_type", []) if isinstance(wanted, dict) else None
    if not isinstance(found, list) or len(found) > 32:
        raise InvalidDefinition("proof_type")
    return tuple(_text(one) for one in found)


def _descriptor(value: Any) -> Descriptor:
    if not isinstance(value, dict) or value.keys() - _DESCRIPTOR:
        raise InvalidDefinition("input descriptor")
    constraints = value.get("constraints", {})
    if not isinstance(constraints, dict) or constraints.keys() - _CONSTRAINTS:
        raise InvalidDefinition("constraints")
    fields = constraints.get("fields", [])
    if not isinstance(fields, list) or len(fields) > MAX_FIELDS:
        raise InvalidDefinition("fields")
    return Descriptor(
        _text(value.get("id")),
        tuple(_read_field(one) for one in fields),
        _contexts(value.get("schema", [])),
        constraints.get("limit_disclosure") == "required",
    )


def _contexts(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else value.get("oneof_filter", value) if isinstance(value, dict) else None
    if not isinstance(listed, list) or len(listed) > 32 or not all(isinstance(one, dict) for one in listed):
        raise InvalidDefinition("schema")
    return tuple(_text(one.get("uri")) for one in listed)


def _read_field(value: Any) -> Field:
    if not isinstance(value, dict) or value.keys() - _FIELD:
        raise InvalidDefinition("field")
    paths, wanted = value.get("path"), value.get("filter")
    if not isinstance(paths, list) or not 1 <= len(paths) <= _MAX_PATHS:
        raise InvalidDefinition("path")
    if wanted is not None and (not isinstance(wanted, dict) or len(render_json(wanted)) > _MAX_FILTER):
        raise InvalidDefinition("filter")
    return Field(tuple(_read_path(one) for one in paths), wanted, value.get("optional") is True)


def _read_path(value: Any) -> ClaimsPath:
    text = _text(value)
    if not text.startswith("$"):
        raise InvalidDefinition("path")
    path: list[str | int] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or len(path) == 16:
            raise InvalidDefinition("a path with more than names and numbers")
        path.append(int(found[1]) if found[1] else found[2] or found[3])
        at = found.end()
    return tuple(path)


def filter_of(values: Sequence[Any] | None) -> Mapping[str, Any] | None:
    """The JSON Schema of some values, None for any."""
    if values is None:
        return None
    kind = {"type": "string"} if all(isinstance(one, str) for one in values) else {}
    return {**kind, "enum": list(values)}
