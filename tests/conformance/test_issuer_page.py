"""docs/issuer.md names checks and tests that are there."""

import re
from fnmatch import fnmatch

import pytest

from conformance import plan as plans
from conformance.registry import load_checks
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "issuer.md").read_text(encoding="utf-8")
NAMED = sorted(
    {
        name
        for row in re.findall(r"^\|.*\|$", PAGE, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", row.split("|")[3])
    }
)


@pytest.fixture(scope="module")
def known() -> set[str]:
    load_checks()
    checks = {
        one.id for name in ("openid4vci-issuer", "openid4vci-issuer-haip") for one in plans.load(name).requirements
    }
    texts = [file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py")]
    return checks | {name for text in texts for name in re.findall(r"def (test_\w+)", text)}


def test_what_the_page_names_is_there(known: set[str]) -> None:
    assert len(NAMED) > 100
    assert [name for name in NAMED if not any(fnmatch(one, name) for one in known)] == []


def test_every_check_has_its_place_on_the_page(known: set[str]) -> None:
    checks = {one for one in known if not one.startswith("test_")}
    assert sorted(one for one in checks if not any(fnmatch(one, name) for name in NAMED)) == []
