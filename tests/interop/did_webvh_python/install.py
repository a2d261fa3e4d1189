"""Installs the library of did:webvh's authors into a virtual environment of its own, `.cache/did-webvh-python/<key>`.

It signs with its own copy of Askar and pins what we do not, so it lives in another process.
"""

import fcntl
import hashlib
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[2] / ".cache" / "did-webvh-python"


class CannotInstall(Exception):
    """The library cannot be had here; the message says why."""


def install() -> Path:
    """The Python that has the library. Two processes that come at once wait for each other."""
    pins = HERE / "requirements.txt"
    folder = CACHE / hashlib.sha256(sys.version.encode() + pins.read_bytes()).hexdigest()[:16]
    python, done = folder / "bin" / "python", folder / "installed"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            venv.create(folder, clear=True, with_pip=True)
            _pip(python, pins)
            done.touch()
    return python


def _pip(python: Path, pins: Path) -> None:
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", pins]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if ran.returncode:
        raise CannotInstall(f"installing did-webvh failed:\n{ran.stderr[-2000:]}")
