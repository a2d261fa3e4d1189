"""Installs `didcomm-node` (didcomm-rust as WebAssembly)."""

from pathlib import Path

from tests.interop.credo.install import Node
from tests.interop.npm import install_beside


def install() -> tuple[Path, Node]:
    """The script with its package in reach, and the Node to run it with. Raises CannotInstall."""
    return install_beside(Path(__file__).resolve().parent, "peer.mjs")
