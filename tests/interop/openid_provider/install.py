"""Installs the OpenID Provider's packages into `.cache/openid_provider/<key>`, once for each lock file and Node."""

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.interop.credo.install import CannotInstall, Node, find_node

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[2] / ".cache" / "openid_provider"
FILES = ("package.json", "package-lock.json", ".npmrc", "provider.mjs")


def _key(node: Node) -> str:
    digest = hashlib.sha256(node.version.split(".")[0].encode())
    for name in FILES:
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()[:16]


def install() -> tuple[Path, Node]:
    """The script with its packages in reach, and the Node to run it with. A build that breaks leaves nothing behind."""
    node = find_node()
    ready = CACHE / _key(node)
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.is_dir():
            with tempfile.TemporaryDirectory(dir=CACHE, prefix="building-", ignore_cleanup_errors=True) as building:
                folder = Path(building) / "package"
                folder.mkdir()
                for name in FILES:
                    shutil.copy(HERE / name, folder)
                command = [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
                done = subprocess.run(
                    command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
                )
                if done.returncode:
                    raise CannotInstall(f"npm ci failed:\n{done.stderr[-4000:]}")
                folder.rename(ready)
    return ready / "provider.mjs", node
