"""Installs packages about JWTs into `.cache/jose_node`."""

from pathlib import Path

from tests.interop.credo.install import CannotInstall, Node
from tests.interop.npm import install_beside

__all__ = ["CannotInstall", "install"]


def install() -> tuple[Path, Node]:
    """The script with its packages in reach, and the Node to run it with. Raises CannotInstall."""
    return install_beside(Path(__file__).resolve().parent, "peer.mjs")
