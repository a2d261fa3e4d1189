"""Installs an older AnonCreds library."""

from pathlib import Path

from tests.interop import python_peer
from tests.interop.python_peer import CannotInstall

HERE = Path(__file__).resolve().parent
__all__ = ["HERE", "CannotInstall", "install"]


def install() -> Path:
    """The Python that has it."""
    return python_peer.install(HERE / "requirements.txt", "anoncreds_python")
