"""A SoftHSM token for a run of the tests: its own folder and configuration, made by softhsm2-util."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

_LIBRARIES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
)


@dataclass(frozen=True, slots=True)
class SoftHsm:
    """The library, the token and its PIN."""

    module: str
    pin: str

    def token(self, label: str) -> dict[str, str]:
        """A new token's settings. The library is ended for it, since it counts its tokens when it starts."""
        self.end()
        arguments = ("--init-token", "--free", "--label", label, "--so-pin", "so-" + self.pin, "--pin", self.pin)
        subprocess.run(["softhsm2-util", *arguments], check=True, capture_output=True, text=True)
        return {"module": self.module, "token": label, "pin": self.pin}

    def end(self) -> None:
        """C_Finalize, under whoever uses the library in this process: every session is gone."""
        ctypes.CDLL(self.module).C_Finalize(None)


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoftHsm]:
    """SoftHSM with a configuration of this run's own; the library reads it when this process first uses it."""
    module = next(filter(os.path.exists, _LIBRARIES), "")
    if not module or not shutil.which("softhsm2-util"):
        if os.environ.get("CI") == "true":
            pytest.fail("SoftHSM is missing: install Debian's softhsm2")
        pytest.skip("SoftHSM is not here: install Debian's softhsm2")
    folder: Path = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    yield SoftHsm(module, "48213377")
    os.environ.pop("SOFTHSM2_CONF")
    if before is not None:
        os.environ["SOFTHSM2_CONF"] = before
