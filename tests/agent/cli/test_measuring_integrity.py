"""What verification costs beside its canonicalization."""

import json

import pytest
from click.testing import CliRunner

from agent.cli.measuring import bench
from agent.cli.measuring_integrity import measure


@pytest.mark.nightly
def test_verification_is_within_a_fifth_of_canonicalization() -> None:
    assert measure().ratio < 1.2


def test_the_bench_of_formats_tells_it_too() -> None:
    answer = CliRunner().invoke(bench, ["--formats", "--seconds", "1", "--json"], catch_exceptions=False)
    found = json.loads(answer.output)["data_integrity"]
    assert answer.exit_code == 0
    assert found["canonicalization_ms"] > 0
    assert found["verification_ms"] > 0
    assert found["ratio"] == pytest.approx(found["verification_ms"] / found["canonicalization_ms"], abs=0.01)
    assert found["sandboxed_ms"] > 0
