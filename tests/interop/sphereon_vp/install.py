"""Installs Sphereon's OpenID4VP client into `.cache/sphereon_vp`."""

from pathlib import Path

from tests.interop.credo.install import Node
from tests.interop.npm import install_beside


def install() -> tuple[Path, Node]:
    """The script with its packages in reach, and the Node to run it with. Raises CannotInstall."""
    return install_beside(Path(__file__).resolve().parent, "wallet.mjs")
