"""Whether what was disclosed of a credential fits a JSON Schema of the whole. Somebody who shows less breaks no rule
about what must be there, so a schema is taken without those, and without those that a part need not keep."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from agent.operations.issuing.claims import REGISTERED, compiled
from agent.operations.verifying.policy_rules import Facts
from agent.scope import Scope
from protocols.checks import Checks
from protocols.encoding import parse_json_object, render_stable_json
from protocols.errors import ProtocolError

_BY_NAME = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_LISTS = frozenset({"allOf", "anyOf"})
_ONE = frozenset({"additionalProperties", "items", "propertyNames"})
_OF_THE_WHOLE = frozenset(
    {
        *("required", "minProperties", "dependentRequired", "dependencies", "unevaluatedProperties"),
        *("not", "if", "then", "else"),
        *("minItems", "contains", "minContains", "maxContains", "uniqueItems", "prefixItems"),
        *("additionalItems", "unevaluatedItems", "contentEncoding", "contentMediaType", "contentSchema"),
    }
)
"""What can hold of a credential and not of a part of it; elements of an array move up when one before is not shown."""
_OF_TEXT = frozenset({"pattern", "minLength", "maxLength", "enum", "const", "format"})
"""What a format may write otherwise than it was issued: octets and times of a mobile document."""
_WRITTEN = frozenset({"date", "date-time", "full-date"})
_SUBJECT = "credentialSubject"
WITH_SUBJECTS = frozenset({"ldp_vc", "jwt_vc_json"})
"""Formats whose claims stand in credentialSubject."""


class NotBySchema(ProtocolError):
    """What was disclosed does not fit the schema of the credential's type."""

    code = "not_by_schema"


def known_schemas(scope: Scope, facts: Facts, named: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """(type, whose schema, schema) of the tenant's own credential types and of a policy's `named`."""
    wanted = set(facts.types)
    own = {
        one.type: one.schema
        for one in scope.catalogue.every_configuration
        if one.schema is not None and one.format == facts.format and one.type in wanted
    }
    return [*((name, "credential type", schema) for name, schema in own.items()), *by_policy(facts, named)]


def by_policy(facts: Facts, named: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """The same of a policy's alone."""
    return [(name, "policy", schema) for name, schema in named.items() if name in facts.types]


def require_schemas(found: Iterable[tuple[str, str, Mapping[str, Any]]], facts: Facts, checks: Checks) -> None:
    """A line for each. Raises NotBySchema, which says where and by which keyword, and nothing of a value."""
    for name, whose, schema in found:
        checks.begin("schema", {"type": name, "of": whose})
        try:
            validator = partial(render_stable_json(dict(schema)))
        except ValueError:
            raise NotBySchema("the schema cannot be used") from None
        for one in _subjects(facts, schema):
            for error in validator.iter_errors(one):
                raise NotBySchema(f"{_pointer(error.instance_path)}: {_pointer(error.schema_path)}")


def violation(schema: bytes, document: bytes, whole: bool) -> str | None:
    """Where the JSON document breaks the JSON Schema, and by which keyword; None where it fits. For the sandbox.

    Raises ValueError for a schema that cannot be used.
    """
    try:
        validator = compiled(parse_json_object(schema)) if whole else partial(schema)
    except ValueError:  # the library's own is not one that a process can send
        raise ValueError("no JSON Schema that stands alone") from None
    for error in validator.iter_errors(parse_json_object(document)):
        return f"{_pointer(error.instance_path)}: {_pointer(error.schema_path)}"
    return None


def _pointer(path: Sequence[str | int]) -> str:
    return "".join(f"/{one}" for one in path) or "/"


def _subjects(facts: Facts, schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The claims that a type's schema speaks of: without what the issuer says, and without the subject's identifier
    where the schema does not have one."""
    if facts.format not in WITH_SUBJECTS:
        return [{name: value for name, value in facts.claims.items() if name not in REGISTERED}]
    told = facts.claims.get(_SUBJECT, {})
    named = schema.get("properties", {})
    return [
        {name: value for name, value in one.items() if name != "id" or "id" in named}
        for one in (told if isinstance(told, list) else [told])
        if isinstance(one, Mapping)
    ]


@lru_cache(maxsize=500)
def partial(schema: bytes) -> Any:
    """A validator for parts of what fits the schema, which is JSON. Raises ValueError for one that cannot be used."""
    return compiled(_partial(parse_json_object(schema)))


def _partial(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    found: dict[str, Any] = {}
    rewritten = "contentEncoding" in schema or schema.get("format") in _WRITTEN
    for word, value in schema.items():
        if word in _OF_THE_WHOLE or (rewritten and word in _OF_TEXT) or not _holds_of_parts(word, value, schema):
            continue
        if word in _BY_NAME and isinstance(value, Mapping):
            found[word] = {name: _partial(one) for name, one in value.items()}
        elif word in _LISTS and isinstance(value, list):
            found[word] = [*found.get(word, []), *(_partial(one) for one in value)]
        elif word == "oneOf" and isinstance(value, list):  # a part may fit several
            found["allOf"] = [*found.get("allOf", []), {"anyOf": [_partial(one) for one in value]}]
        else:
            found[word] = _partial(value) if word in _ONE else value
    return found


def _holds_of_parts(word: str, value: Any, schema: Mapping[str, Any]) -> bool:
    if word == "items":
        return isinstance(value, Mapping | bool) and "prefixItems" not in schema
    if word in ("enum", "const"):
        return not any(isinstance(one, dict | list) for one in (value if word == "enum" else [value]))
    if word in ("$ref", "$dynamicRef") and isinstance(value, str) and "#/" in value:
        return not {*value.split("#/", 1)[1].split("/")} & {*_OF_THE_WHOLE, "oneOf", "allOf"}
    return True
