"""Cases assert in modules that are no tests themselves: let their failures speak as well."""

from pathlib import Path

import pytest

_HERE = Path(__file__).parent
pytest.register_assert_rewrite(
    *(f"tests.agent.storage.isolation.{path.stem}" for path in _HERE.glob("*.py") if path.name != Path(__file__).name)
)
