"""Plans: requirements as data. A plan is a TOML file that lists checks with the text they stand for."""

import tomllib
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from conformance.registry import CHECKS

SEVERITIES = {"F": "fails the target", "W": "warns", "R": "asks a person to look"}
FIELDS = frozenset({"id", "severity", "spec", "section", "text"})
SECTION = frozenset({"severity", "spec", "section", "checks"})
MEMBERS = frozenset({"id", "title", "check", "inherits", "without", "response_mode", "variants", "section"})


class BadPlan(Exception):
    """A plan that cannot be run; the message says where."""


@dataclass(frozen=True, slots=True)
class Requirement:
    id: str
    severity: str
    spec: str
    section: str
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """`response_mode` and `variants` (of the target's door) are those of every request that a check does not choose."""

    id: str
    title: str
    requirements: tuple[Requirement, ...]
    response_mode: str | None = None
    variants: tuple[str, ...] = ()

    def only(self, ids: list[str] | None) -> "Plan":
        """The plan cut down to these checks; a name that it does not hold is an error, not an empty run."""
        if not ids:
            return self
        unknown = sorted(set(ids) - {r.id for r in self.requirements})
        if unknown:
            raise BadPlan(f"plan {self.id} has no check {', '.join(unknown)}")
        return replace(self, requirements=tuple(r for r in self.requirements if r.id in ids))


def names() -> list[str]:
    folder = resources.files("conformance") / "plans"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load(name: str) -> Plan:
    """A plan that comes with the suite, by name, or any other by its path."""
    if name.endswith(".toml"):
        try:
            text = Path(name).read_text(encoding="utf-8")
        except OSError as error:
            raise BadPlan(f"{name}: {error.strerror}") from error
    elif name in names():
        text = (resources.files("conformance") / "plans" / f"{name}.toml").read_text(encoding="utf-8")
    else:
        raise BadPlan(f"no plan {name!r}; known: {', '.join(names())}")
    try:
        return _parse(tomllib.loads(text), name)
    except tomllib.TOMLDecodeError as error:
        raise BadPlan(f"{name}: {error}") from error


def _parse(document: dict[str, Any], name: str) -> Plan:
    if unknown := sorted(document.keys() - MEMBERS):
        raise BadPlan(f"{name}: unknown {', '.join(unknown)}; known: {', '.join(sorted(MEMBERS))}")
    own = [*document.get("check", []), *_in_sections(document.get("section", []), name)]
    requirements = (*_inherited(document, name), *(_requirement(entry, name) for entry in own))
    ids = [r.id for r in requirements]
    if not ids or len(set(ids)) != len(ids):
        raise BadPlan(f"{name}: no checks, or one of them twice")
    mode, variants = document.get("response_mode"), tuple(document.get("variants", ()))
    return Plan(document.get("id", name), document.get("title", name), requirements, mode, variants)


def _inherited(document: dict[str, Any], name: str) -> tuple[Requirement, ...]:
    """The checks of the plan that this one builds on, without those that it leaves out."""
    if "inherits" not in document:
        return ()
    left_out, above = set(document.get("without", ())), load(document["inherits"])
    if unknown := sorted(left_out - {r.id for r in above.requirements}):
        raise BadPlan(f"{name}: leaves out {', '.join(unknown)}, which {above.id} does not hold")
    return tuple(r for r in above.requirements if r.id not in left_out)


def _in_sections(sections: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The short form: what many checks share is said once, and then id = "text" for each."""
    for one in sections:
        if one.keys() != SECTION or not isinstance(one["checks"], dict):
            raise BadPlan(f"{name}: a section needs exactly {', '.join(sorted(SECTION))}")
    return [
        {"id": identifier, "text": text, **{shared: one[shared] for shared in ("severity", "spec", "section")}}
        for one in sections
        for identifier, text in one["checks"].items()
    ]


def _requirement(entry: dict[str, Any], name: str) -> Requirement:
    if entry.keys() != FIELDS or not all(isinstance(value, str) and value for value in entry.values()):
        raise BadPlan(f"{name}: a check needs exactly {', '.join(sorted(FIELDS))}: {entry.get('id', entry)}")
    if entry["severity"] not in SEVERITIES:
        raise BadPlan(f"{name}: {entry['id']}: severity {entry['severity']!r} is none of F, W, R")
    if entry["id"] not in CHECKS:
        raise BadPlan(f"{name}: no check function is registered as {entry['id']!r}")
    return Requirement(**entry)
