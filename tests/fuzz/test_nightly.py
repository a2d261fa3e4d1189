"""Ten minutes of coverage-guided fuzzing for each parser (CHANCERY_FUZZ_SECONDS says another time)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import Target, targets

ROOT = Path(__file__).resolve().parents[2]
SECONDS = os.environ.get("CHANCERY_FUZZ_SECONDS", "600")


@pytest.mark.nightly
@pytest.mark.parametrize("target", targets(), ids=[one.name for one in targets()])
def test_no_input_crashes_or_hangs_a_parser(target: Target, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(target.seeds):
        (corpus / str(number)).write_bytes(seed)
    command = [sys.executable, "-m", "tests.fuzz.coverage", target.name, SECONDS, str(corpus)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
