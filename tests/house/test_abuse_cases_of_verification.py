"""Every abuse case of presentations, formats, status and trust has a test that carries its number."""

from tests.house.test_abuse_cases import numbers

GROUPS = {"d": 23, "e": 14, "f": 9, "g": 12}


def test_every_abuse_case_of_verification_has_a_test() -> None:
    wanted = {f"{group}{number}" for group, last in GROUPS.items() for number in range(1, last + 1)}
    found = {number for number in numbers() if number[0] in GROUPS}
    assert found == wanted
