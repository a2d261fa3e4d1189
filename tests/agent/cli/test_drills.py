"""Drills destroy a server of their own and bring it back; two here, all of them nightly."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.cli.drill_faults import drilled
from agent.lifecycle.drills import SCENARIOS, Outcome
from tests.postgres_binaries import system_binaries

_NOW = datetime(2026, 12, 1, tzinfo=UTC)
_GOOD = Outcome("data-corruption", _NOW, 5.0, 0.0, 5, 0, 1, 2, "head", ())


def drill(scenario: str, folder: Path) -> Outcome:
    outcome = drilled(scenario, folder, str(system_binaries()))
    assert outcome.well, outcome
    assert outcome.acknowledged == 5
    return outcome


def test_what_somebody_destroyed_is_there_again_and_who_was_erased_is_not(quick_folder: Path) -> None:
    outcome = drill("data-corruption", quick_folder)
    assert (outcome.lost, outcome.erased_again) == (0, 1)


def test_a_replica_takes_over(quick_folder: Path) -> None:
    outcome = drill("database-failure", quick_folder)
    assert outcome.rto < 60


@pytest.mark.nightly
@pytest.mark.parametrize("scenario", [*SCENARIOS])
def test_every_drill(scenario: str, quick_folder: Path) -> None:
    outcome = drill(scenario, quick_folder)
    # what no repository has is lost, and said to be
    assert bool(outcome.lost) == (scenario in ("region-failure", "complete-loss"))
    assert (outcome.rpo > 0) == bool(outcome.lost)


@pytest.mark.parametrize(
    "changed",
    [
        {"rto": timedelta(hours=1).total_seconds() + 1},
        {"rpo": timedelta(minutes=15).total_seconds() + 1},
        {"faults": ("row 1 of seal 1 is missing",)},
    ],
)
def test_too_slow_too_much_lost_or_a_broken_record_is_a_failure(changed: dict[str, object]) -> None:
    assert _GOOD.well
    values = {name: getattr(_GOOD, name) for name in Outcome.__dataclass_fields__}
    assert not Outcome(**{**values, **changed}).well  # type: ignore[arg-type]  # as above
