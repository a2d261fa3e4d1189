"""Quality of a tenant's data as values: rules over five dimensions, what they found; their repository's contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

CLAIMS_FIT = "claims_fit"
"""The one check that opens personal data: an operation does it, on record."""
DIMENSIONS = ("completeness", "accuracy", "consistency", "timeliness", "validity")


@dataclass(frozen=True, slots=True)
class DefaultRule:
    """A rule that every tenant begins with. `check` is one of the code's, `threshold` the share that may fail."""

    name: str
    dimension: str
    table: str
    check: str
    what: str
    threshold: float = 0.0


DEFAULTS = (
    DefaultRule("accounts can be reached", "completeness", "users", "account_reachable", "an address, number or name"),
    DefaultRule("types say what claims may be", "completeness", "credential_types", "type_has_schema", "a JSON Schema"),
    DefaultRule("a person has one account", "accuracy", "users", "one_account", "no two share a telephone number"),
    DefaultRule("row and status list agree", "consistency", "credentials", "list_agrees", "what a list says is so"),
    DefaultRule("keys belong to something", "consistency", "subject_keys", "key_in_use", "each keeps something"),
    DefaultRule("nothing is active past its end", "timeliness", "credentials", "not_past_end", "no expired one", 1.0),
    DefaultRule("trust data are current", "timeliness", "trust_registries", "trust_current", "no update is overdue"),
    DefaultRule("signing keys are current", "timeliness", "key_pairs", "key_current", "no key signs past its end"),
    DefaultRule("changes are published", "timeliness", "revocation_registries", "list_published", "within an hour"),
    DefaultRule("claims fit their type", "validity", "claim_records", CLAIMS_FIT, "the schema as it is now"),
    DefaultRule("times are possible", "validity", "credentials", "time_possible", "nothing is issued in the future"),
)
PROFILED = ("users", "credentials", "issuances", "presentations", "key_pairs", "trust_anchors", "claim_records")
"""Tables that are profiled: rows, and which part of each column is there."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One of the tenant's rules, with what it found the last times, the newest first."""

    id: UUID
    name: str
    dimension: str
    table: str
    check: str
    threshold: float
    active: bool
    results: Sequence["Result"] = ()

    @property
    def kept(self) -> bool | None:
        """Whether it holds; None when it was not checked yet."""
        return self.results[0].share <= self.threshold if self.results else None


@dataclass(frozen=True, slots=True)
class Result:
    """So many rows were looked at, so many fail; `rows` are the ids of some of those."""

    checked_at: datetime
    checked: int
    failed: int
    rows: Sequence[str] = ()

    @property
    def share(self) -> float:
        """Which part fails."""
        return self.failed / self.checked if self.checked else 0.0


@dataclass(frozen=True, slots=True)
class Profile:
    """How many rows a table has of the tenant, and which part of them has each column that may lack."""

    table: str
    rows: int
    present: Mapping[str, float]


class Quality(Protocol):
    """`unit.quality`."""

    async def begin(self) -> None:
        """Add the default rules that the tenant lacks."""

    async def rules(self, results: int) -> Sequence[Rule]:
        """By dimension and name, each with so many results."""

    async def change(self, rule: UUID, threshold: float | None, active: bool | None) -> bool:
        """Set what is given; False when there is no such rule."""

    async def look(self, rule: Rule) -> Result:
        """What the rule's check finds now."""

    async def keep(self, rule: Rule, result: Result) -> None:
        """Among the rule's results."""

    async def profile(self, table: str) -> Profile: ...
