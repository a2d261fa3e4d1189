"""What a recovery drill is held to, and what came of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """Of the table of recovery procedures: how long until the service is back, and how much may be lost (time)."""

    rto: timedelta
    rpo: timedelta


SCENARIOS: Mapping[str, Target] = {
    "data-corruption": Target(timedelta(hours=1), timedelta(minutes=15)),
    "database-failure": Target(timedelta(minutes=30), timedelta(minutes=5)),
    "region-failure": Target(timedelta(hours=2), timedelta(minutes=30)),
    "complete-loss": Target(timedelta(hours=24), timedelta(hours=1)),
    "failed-migration": Target(timedelta(hours=1), timedelta(minutes=15)),
}
"""A failed migration is held to what corrupted data is held to: the document names no time for it."""
REVIEW = timedelta(days=90)
"""When a drill has to be done again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured (seconds), and what was wrong: nothing, for a drill that succeeded.

    `rto` is from the fault to the first credential that was issued and verified again; `rpo` from the oldest
    acknowledged credential that is lost to the fault, 0 when none is.
    """

    scenario: str
    at: datetime
    rto: float
    rpo: float
    acknowledged: int
    lost: int
    erased_again: int
    epoch: int
    head: str
    faults: tuple[str, ...]

    @property
    def well(self) -> bool:
        """Whether nothing was wrong and both times are within the target."""
        target = SCENARIOS[self.scenario]
        return not self.faults and self.rto <= target.rto.total_seconds() and self.rpo <= target.rpo.total_seconds()

    @property
    def evidence(self) -> Mapping[str, Any]:
        """For a compliance record."""
        target = SCENARIOS[self.scenario]
        targets = {"rto_target": target.rto.total_seconds(), "rpo_target": target.rpo.total_seconds()}
        measured = {"kind": "drill", **asdict(self), "at": self.at.isoformat(timespec="seconds")}
        return measured | targets | {"faults": list(self.faults), "rto": round(self.rto, 2), "rpo": round(self.rpo, 2)}
