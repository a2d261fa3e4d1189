"""Presentation requests and what presentations say of themselves (AnonCreds 1.0, Presentation)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from protocols.anoncreds.errors import InvalidAnonCreds, NotProved
from protocols.anoncreds.places import issuer_of

_NONCE = re.compile(r"[1-9]\d{9,39}", re.ASCII)
_COMPARISONS = frozenset({">=", ">", "<=", "<"})
_MOST = 100
_PROVED = ("revealed_attrs", "revealed_attr_groups", "unrevealed_attrs", "predicates")


@dataclass(frozen=True, slots=True)
class PresentationTerms:
    """What a verifier asks: attributes and predicates by referent as AnonCreds writes them, and since when (seconds)
    credentials must not be revoked, None when that is not asked."""

    name: str
    attributes: Mapping[str, Mapping[str, Any]]
    predicates: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    not_revoked_since: int | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """When a credential must not have been revoked, both ends included."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Identifier:
    """What one credential of a presentation was made from."""

    schema: str
    definition: str
    registry: str | None = None
    timestamp: int | None = None


def render_presentation_request(terms: PresentationTerms, nonce: str, now: int) -> dict[str, Any]:
    """The request, revocation asked until now. Raises InvalidAnonCreds."""
    request: dict[str, Any] = {
        "name": terms.name,
        "version": "1.0",
        "nonce": nonce,
        "requested_attributes": {name: dict(one) for name, one in terms.attributes.items()},
        "requested_predicates": {name: dict(one) for name, one in terms.predicates.items()},
    }
    if terms.not_revoked_since is not None:
        request["non_revoked"] = {"from": min(terms.not_revoked_since, now), "to": now}
    return parse_presentation_request(request)


def parse_presentation_request(value: Any) -> dict[str, Any]:
    """A request within bounds; `non_revoked` stands for the whole of it or for a part. Raises InvalidAnonCreds."""
    if not isinstance(value, dict) or not isinstance(value.get("nonce"), str) or not _NONCE.fullmatch(value["nonce"]):
        raise InvalidAnonCreds("nonce")
    attributes, predicates = value.get("requested_attributes", {}), value.get("requested_predicates", {})
    if not isinstance(attributes, dict) or not isinstance(predicates, dict):
        raise InvalidAnonCreds("requested_attributes and requested_predicates")
    if not 1 <= len(attributes) + len(predicates) <= _MOST or not attributes.keys().isdisjoint(predicates):
        raise InvalidAnonCreds("requested_attributes and requested_predicates")
    for one in attributes.values():
        if not isinstance(one, dict) or ("name" in one) == ("names" in one):
            raise InvalidAnonCreds("requested_attributes")
    for one in predicates.values():
        if not isinstance(one, dict) or one.get("p_type") not in _COMPARISONS or type(one.get("p_value")) is not int:
            raise InvalidAnonCreds("requested_predicates")
    for part in (value, *attributes.values(), *predicates.values()):
        _interval(part)
    return value


def _interval(part: Mapping[str, Any]) -> Interval | None:
    stated = part.get("non_revoked")
    if stated is None:
        return None
    start, end = (stated.get("from"), stated.get("to")) if isinstance(stated, dict) else (None, None)
    if start is None:
        start = 0
    if type(start) is not int or type(end) is not int or not 0 <= start <= end < 2**40:
        raise InvalidAnonCreds("non_revoked")
    return Interval(start, end)


def intervals(request: Mapping[str, Any]) -> Mapping[str, Interval | None]:
    """When each referent must not have been revoked: its own word, else the request's."""
    whole = _interval(request)
    parts = {**request.get("requested_attributes", {}), **request.get("requested_predicates", {})}
    return {name: _interval(one) or whole for name, one in parts.items()}


def intervals_by_credential(request: Mapping[str, Any], presentation: Any) -> Mapping[int, Interval]:
    """When each credential of a presentation, by its number, must not have been revoked: all that is asked of it.

    Raises NotProved.
    """
    asked, found = intervals(request), dict[int, Interval]()
    proof = presentation.get("requested_proof") if isinstance(presentation, dict) else None
    if not isinstance(proof, dict):
        raise NotProved("requested_proof")
    for part in _PROVED:
        answers = proof.get(part) or {}
        if not isinstance(answers, dict) or not all(isinstance(one, dict) for one in answers.values()):
            raise NotProved("requested_proof")
        for referent, one in answers.items():
            number, interval = one.get("sub_proof_index"), asked.get(referent)
            if type(number) is not int or referent not in asked:
                raise NotProved("requested_proof")
            if interval is not None:
                before = found.get(number, interval)
                found[number] = Interval(max(before.start, interval.start), min(before.end, interval.end))
    return found


def parse_identifiers(presentation: Any) -> Sequence[Identifier]:
    """What the presentation's credentials were made from, in its order. Raises NotProved."""
    found = presentation.get("identifiers") if isinstance(presentation, dict) else None
    if not isinstance(found, list) or not 1 <= len(found) <= _MOST:
        raise NotProved("identifiers")
    return [_identifier(one) for one in found]


def _identifier(one: Any) -> Identifier:
    if not isinstance(one, dict):
        raise NotProved("identifiers")
    names = ("schema_id", "cred_def_id", "rev_reg_id")
    schema, definition, registry = (one.get(name) for name in names)
    moment = one.get("timestamp")
    if not isinstance(schema, str) or not isinstance(definition, str) or not isinstance(registry, str | None):
        raise NotProved("identifiers")
    if moment is not None and (type(moment) is not int or registry is None or not 0 < moment < 2**40):
        raise NotProved("timestamp")
    for identifier in (schema, definition, registry):
        if identifier is not None:
            issuer_of(identifier)
    return Identifier(schema, definition, registry, moment)
