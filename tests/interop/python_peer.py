"""Installs a peer that is written in Python into a virtual environment of its own, `.cache/<name>/<key>`, by its hashes."""

import fcntl
import hashlib
import subprocess
import sys
import venv
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache"


class CannotInstall(Exception):
    """The library cannot be had here; the message says why."""


def install(pins: Path, name: str) -> Path:
    """The Python that has what `pins` (a requirements file) names. Two processes that come at once wait for each other."""
    cache = CACHE / name
    folder = cache / hashlib.sha256(sys.version.encode() + pins.read_bytes()).hexdigest()[:16]
    python, done = folder / "bin" / "python", folder / "installed"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            venv.create(folder, clear=True, with_pip=True)
            _pip(python, pins, name)
            done.touch()
    return python


def _pip(python: Path, pins: Path, name: str) -> None:
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", pins]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if ran.returncode:
        raise CannotInstall(f"installing {name} failed:\n{ran.stderr[-2000:]}")
