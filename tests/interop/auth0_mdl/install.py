"""Installs @auth0/mdl into `.cache/auth0-mdl/<key>`, once for each lock file; the script stands beside its packages."""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

from tests.interop.credo.install import CannotInstall, find_node

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[2] / ".cache" / "auth0-mdl"
PINS = ("package.json", "package-lock.json", ".npmrc")


def install() -> tuple[Path, str]:
    """The script, and the Node to run it with."""
    node = find_node()
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in (*PINS, "peer.mjs")))
    folder = CACHE / digest.hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "peer.mjs").exists():
            for name in PINS:
                shutil.copy(HERE / name, folder)
            # Not `npm ci`: that asks for optional binaries of every platform, which the lock file leaves out.
            command = [
                *node.npm,
                "install",
                "--ignore-scripts",
                "--omit=optional",
                "--no-save",
                "--no-audit",
                "--no-fund",
            ]
            ran = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
            )
            if ran.returncode:
                raise CannotInstall(f"npm install failed:\n{ran.stderr[-2000:]}")
            shutil.copy(HERE / "peer.mjs", folder)
    return folder / "peer.mjs", node.node
