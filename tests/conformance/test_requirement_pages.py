"""docs/issuer.md, docs/verifier.md and docs/didcomm-acceptance.md name checks and tests that are there, and every check of their plans."""

import re
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache

import pytest

from conformance import plan as plans
from conformance.registry import load_checks
from tests.conftest import ROOT


@dataclass(frozen=True, slots=True)
class Page:
    """A page whose tables say in their last column what holds a requirement: checks of `plans`, and tests."""

    name: str
    plans: tuple[str, ...]

    def named(self) -> list[str]:
        text = (ROOT / "docs" / self.name).read_text(encoding="utf-8")
        rows = re.findall(r"^\|.*\|$", text, re.MULTILINE)
        return sorted({name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[-2])})

    def checks(self) -> set[str]:
        load_checks()
        return {one.id for name in self.plans for one in plans.load(name).requirements}


PAGES = [
    Page("issuer.md", ("openid4vci-issuer", "openid4vci-issuer-haip")),
    Page("verifier.md", ("openid4vp-verifier", "openid4vp-verifier-haip")),
    Page("didcomm-acceptance.md", ("didcomm-v2", "didcomm-v1")),
]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@cache
def house_tests() -> frozenset[str]:
    texts = [file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py")]
    return frozenset(name for text in texts for name in re.findall(r"def (test_\w+)", text))


@every_page
def test_what_the_page_names_is_there(page: Page) -> None:
    known = page.checks() | house_tests()
    assert len(page.named()) > 100
    assert [name for name in page.named() if not any(fnmatch(one, name) for one in known)] == []


@every_page
def test_every_check_has_its_place_on_the_page(page: Page) -> None:
    assert sorted(one for one in page.checks() if not any(fnmatch(one, name) for name in page.named())) == []
