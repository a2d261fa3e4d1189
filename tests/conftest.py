"""What every test may ask for."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.courts import court
from tests.databases import database, postgres, shared_database
from tests.deferring import desk
from tests.houses import clock, house, settings, site
from tests.passwords import house_hasher
from tests.postgres_binaries import quick_folder
from tests.servers import servers
from tests.softhsm import softhsm

__all__ = [
    "clock",
    "court",
    "database",
    "desk",
    "house",
    "house_hasher",
    "postgres",
    "quick_folder",
    "servers",
    "settings",
    "shared_database",
    "site",
    "softhsm",
    "vectors",
]

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], Any]:
    """Reads one published vector file by its path below the vectors folder; JSON parsed, anything else as bytes."""
    folder = Path(os.environ.get("CHANCERY_VECTORS", ROOT.parent / "shared" / "vectors"))
    if not folder.is_dir():
        if os.environ.get("CI") == "true":
            pytest.fail("published vectors are missing: set CHANCERY_VECTORS")
        pytest.skip("published vectors are not here: set CHANCERY_VECTORS")

    def read(path: str) -> Any:
        data = (folder / path).read_bytes()
        return json.loads(data) if path.endswith(".json") else data

    return read


@pytest.fixture(scope="session")
def vectors_folder(vectors: Callable[[str], Any]) -> Path:
    """Where the published vectors are, for tests that go through whole folders."""
    return Path(os.environ.get("CHANCERY_VECTORS", ROOT.parent / "shared" / "vectors"))
