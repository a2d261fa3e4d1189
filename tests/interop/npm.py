"""Packages of npm into `.cache/<name>/<key>`, once for each lock file and Node; install scripts stay off."""

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.interop.credo.install import CannotInstall, Node, find_node

CACHE = Path(__file__).resolve().parents[2] / ".cache"
PINS = ("package.json", "package-lock.json", ".npmrc")


def _key(source: Path, script: str, node: Node) -> str:
    digest = hashlib.sha256(node.version.split(".")[0].encode())
    for name in (*PINS, script):
        digest.update((source / name).read_bytes())
    return digest.hexdigest()[:16]


def install_beside(source: Path, script: str) -> tuple[Path, Node]:
    """The script with its packages in reach, and the Node to run it with. Raises CannotInstall.

    Two processes that come at once wait for each other; a build that breaks leaves nothing behind.
    """
    node = find_node()
    cache = CACHE / source.name
    ready = cache / _key(source, script, node)
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.is_dir():
            with tempfile.TemporaryDirectory(dir=cache, prefix="building-", ignore_cleanup_errors=True) as building:
                folder = Path(building) / "package"
                folder.mkdir()
                for name in (*PINS, script):
                    shutil.copy(source / name, folder)
                _ci(folder, node)
                folder.rename(ready)
    return ready / script, node


def _ci(folder: Path, node: Node) -> None:
    command = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotInstall(f"npm ci failed:\n{done.stderr[-4000:]}")
