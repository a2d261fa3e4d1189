"""Servers that a test makes itself: a system's binaries, and a folder for their files."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from agent.storage import embedded

_ROOM = 4 << 30
"""Bytes that must be free: two servers with some databases each, and their write-ahead logs."""


def system_binaries() -> Path:
    """pg_config says so, or Debian's folder of the newest version; without one the test is skipped, and fails in CI."""
    if found := shutil.which("pg_config"):
        answer = subprocess.run([found, "--bindir"], check=True, capture_output=True, text=True)
        if (Path(answer.stdout.strip()) / "initdb").exists():
            return Path(answer.stdout.strip())
    wheel = embedded.wheel_binaries()
    others = [path for path in embedded.candidates("") if path != wheel]
    return others[0] if others else _lacking("no system PostgreSQL: install Debian's postgresql")


def backup_binaries() -> Path:
    """The same, where pgBackRest is beside it."""
    if shutil.which("pgbackrest") is None:
        _lacking("no pgBackRest: install Debian's pgbackrest")
    return system_binaries()


def _lacking(what: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@contextmanager
def server_folder() -> Iterator[Path]:
    """One that a server's user may enter; in memory where there is room, since every byte is synced."""
    memory = Path("/dev/shm")  # tempfile makes what is below it
    there = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    found = memory if there else None
    with tempfile.TemporaryDirectory(prefix="chancery-servers-", dir=found, ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    """The same, of this test's own."""
    with server_folder() as made:
        yield made
