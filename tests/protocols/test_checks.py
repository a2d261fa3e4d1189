"""Lines of a verification: one that was begun has held only when something followed."""

import pytest

from protocols.checks import MAX_ITEMS, MAX_TEXT, Checks, plain
from protocols.errors import Malformed


def test_a_line_holds_when_the_next_begins_and_fails_by_what_is_raised() -> None:
    checks = Checks()
    with pytest.raises(Malformed), checks:
        checks.begin("first", 1, 1)
        checks.begin("second", "a")
        checks.saw("b")
        raise Malformed("another")
    checks.not_made(("first", "second", "third"))
    assert checks.render() == [
        {"check": "first", "result": "held", "expected": 1, "seen": 1},
        {
            "check": "second",
            "result": "failed",
            "expected": "a",
            "seen": "b",
            "error": "invalid_request",
            "detail": "another",
        },
        {"check": "third", "result": "not_made"},
    ]


def test_a_check_that_breaks_has_failed_and_says_no_more_than_how() -> None:
    checks = Checks()
    with pytest.raises(ZeroDivisionError), checks:
        checks.begin("sum")
        _ = 1 // 0
    assert checks.render() == [{"check": "sum", "result": "failed", "error": "error", "detail": "ZeroDivisionError"}]


def test_a_failure_outside_of_every_line_has_one_of_its_own() -> None:
    checks = Checks()
    checks.begin("first")
    checks.held()
    checks.warned(Malformed("late"))
    assert [(one["check"], one["result"]) for one in checks.render()] == [("first", "held"), ("other", "warned")]


@pytest.mark.parametrize(
    "value", ["x" * 10_000, ["x" * 1000] * 1000, {"a": {"b": {"c": {"d": {"e": 1}}}}}, {str(n): n for n in range(999)}]
)
def test_a_value_is_no_longer_than_a_line(value: object) -> None:
    assert len(str(plain(value))) <= (MAX_TEXT + 10) * (MAX_ITEMS + 1)


def test_a_plugin_that_names_no_lines_has_one_of_its_own() -> None:
    class Named:
        checks = ("signature",)

    checks = Checks()
    with pytest.raises(Malformed), checks:
        checks.begin("issuer_key")
        checks.begin_unless(Named, "checks", "credential")
        checks.begin_unless(object, "checks", "credential")
        raise Malformed("unsigned")
    assert [(line.check, line.result) for line in checks.lines] == [("issuer_key", "held"), ("credential", "failed")]
