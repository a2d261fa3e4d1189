"""What a message says to people: a problem with its particulars, and where a browser is to go."""

import pytest

from protocols.didcomm.catalog.report_problem import MAX_COMMENT, ReportProblem, explained
from protocols.didcomm.envelope import Received, Trail
from protocols.didcomm.message import Message, WebRedirect

ALICE, BOB = "did:example:alice", "did:example:bob"
SHOP = "https://shop.example/thanks?order=7"


@pytest.mark.parametrize(
    ("comment", "args", "told"),
    [
        ("no route to {1} for {2}", ["x", "y"], "no route to x for y"),
        ("{2} before {1}", ["a", "b"], "b before a"),
        # Too few and too many (Problem Reports): what is missing is `?`, what is left over follows.
        ("{1} and {2}", ["a"], "a and ?"),
        ("it failed", ["a", 7], "it failed, a, 7"),
        # Arguments are no templates, and braces of another kind are text.
        ("{1}", ["{2}"], "{2}"),
        ("{0} {x} {999999}", [], "? {x} ?"),
        ("x", "not a list", "x"),
        ({}, [], ""),
        ("x" * 5_000, [], "x" * MAX_COMMENT),
        ("{1}" * 400, ["y" * 5_000], "y" * MAX_COMMENT),
    ],
)
def test_a_comment_is_told_with_its_arguments(comment: object, args: object, told: str) -> None:
    assert explained(comment, args) == told


def test_a_report_is_kept_with_its_comment() -> None:
    body = {"code": "e.p.xfer", "comment": "no route to {1}", "args": ["mediator"]}
    said = Message("1", f"{ReportProblem.identifier}/problem-report", body, ALICE, (BOB,))
    transition = ReportProblem().receive(None, Received(said, Trail(), ALICE, BOB), ())
    assert transition.state.data == {"code": "e.p.xfer", "comment": "no route to mediator"}


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ({"status": "OK", "redirectUrl": SHOP}, WebRedirect("OK", SHOP)),
        ({"status": "FAIL", "redirectUrl": SHOP}, WebRedirect("FAIL", SHOP)),
        ({"status": "MAYBE", "redirectUrl": SHOP}, None),
        ({"status": "OK"}, None),
        ({"status": "OK", "redirectUrl": "javascript:alert(1)"}, None),
        ({"status": "OK", "redirectUrl": "http://shop.example/"}, None),
        ({"status": "OK", "redirectUrl": "https://shop.example/\n"}, None),
        ({"status": "OK", "redirectUrl": "https://" + "x" * 3_000}, None),
        (SHOP, None),
        (None, None),
    ],
)
def test_a_browser_is_sent_to_nothing_but_https(header: object, found: WebRedirect | None) -> None:
    assert (
        Message("1", f"{ReportProblem.identifier}/problem-report", headers={"web_redirect": header}).web_redirect
        == found
    )
