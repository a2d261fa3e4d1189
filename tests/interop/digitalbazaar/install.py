"""Installs Digital Bazaar's packages into `.cache/digitalbazaar/<key>`, once for each lock file and Node."""

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.interop.credo.install import CannotInstall, Node, find_node

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[2] / ".cache" / "digitalbazaar"
FILES = ("package.json", "package-lock.json", ".npmrc", "peer.mjs")


def install() -> tuple[Path, Node]:
    """The script beside its packages, and the Node to run it with. Raises CannotInstall."""
    node = find_node()
    digest = hashlib.sha256(node.version.split(".")[0].encode())
    for name in FILES:
        digest.update((HERE / name).read_bytes())
    ready = CACHE / digest.hexdigest()[:16]
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.is_dir():
            with tempfile.TemporaryDirectory(dir=CACHE, prefix="building-", ignore_cleanup_errors=True) as building:
                folder = Path(building) / "package"
                folder.mkdir()
                _build(folder, node)
                folder.rename(ready)
    return ready / "peer.mjs", node


def _build(folder: Path, node: Node) -> None:
    for name in FILES:
        shutil.copy(HERE / name, folder)
    command = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise CannotInstall(f"npm ci failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
