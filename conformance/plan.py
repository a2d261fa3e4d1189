"""Plans: requirements as data. A plan is a TOML file that lists checks with the text they stand for."""

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from conformance.registry import CHECKS

SEVERITIES = {"F": "fails the target", "W": "warns", "R": "asks a person to look"}
FIELDS = frozenset({"id", "severity", "spec", "section", "text"})


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
    id: str
    title: str
    requirements: tuple[Requirement, ...]

    def only(self, ids: list[str] | None) -> "Plan":
        """The plan cut down to these checks; a name that it does not hold is an error, not an empty run."""
        if not ids:
            return self
        unknown = sorted(set(ids) - {r.id for r in self.requirements})
        if unknown:
            raise BadPlan(f"plan {self.id} has no check {', '.join(unknown)}")
        return Plan(self.id, self.title, tuple(r for r in self.requirements if r.id in ids))


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
    requirements = tuple(_requirement(entry, name) for entry in document.get("check", []))
    ids = [r.id for r in requirements]
    if not ids or len(set(ids)) != len(ids):
        raise BadPlan(f"{name}: no checks, or one of them twice")
    return Plan(document.get("id", name), document.get("title", name), requirements)


def _requirement(entry: dict[str, Any], name: str) -> Requirement:
    if entry.keys() != FIELDS or not all(isinstance(value, str) and value for value in entry.values()):
        raise BadPlan(f"{name}: a check needs exactly {', '.join(sorted(FIELDS))}: {entry.get('id', entry)}")
    if entry["severity"] not in SEVERITIES:
        raise BadPlan(f"{name}: {entry['id']}: severity {entry['severity']!r} is none of F, W, R")
    if entry["id"] not in CHECKS:
        raise BadPlan(f"{name}: no check function is registered as {entry['id']!r}")
    return Requirement(**entry)
