"""Every abuse case of issuance and DIDComm has a test that carries its number, and no test carries a number that is none."""

import re

from tests.house.test_house import FILES, ROOT

GROUPS = {"a": 10, "b": 24, "c": 20, "h": 12}
"""Offers and codes; the authorization server; credentials, nonces and proofs; DIDComm."""
_TEST = re.compile(r"^(?:async )?def test_((?:[a-z][0-9]+_)+)", re.MULTILINE)


def numbers() -> set[str]:
    """Of all tests by name, as `a2` in test_a2_a_code_is_redeemed_once."""
    texts = [path.read_text(encoding="utf-8") for path in FILES if path.is_relative_to(ROOT / "tests")]
    return {number for text in texts for match in _TEST.finditer(text) for number in match[1].strip("_").split("_")}


def test_every_abuse_case_of_issuance_has_a_test() -> None:
    wanted = {f"{group}{number}" for group, last in GROUPS.items() for number in range(1, last + 1)}
    found = {number for number in numbers() if number[0] in GROUPS}
    assert found == wanted
