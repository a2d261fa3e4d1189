import pytest

from protocols.didcomm.catalog import discover_features, report_problem
from protocols.didcomm.catalog.discover_features import DiscoverFeatures, matches
from protocols.didcomm.catalog.report_problem import ReportProblem
from protocols.didcomm.catalog.trust_ping import TrustPing
from protocols.didcomm.envelope import Received, Trail
from protocols.didcomm.message import Message
from protocols.didcomm.protocol import Feature, InvalidBody, OutOfOrder, ThreadState, UnsupportedMessage

ALICE, BOB = "did:example:alice", "did:example:bob"
FEATURES = (
    Feature("protocol", TrustPing.identifier, TrustPing.roles),
    Feature("protocol", DiscoverFeatures.identifier, DiscoverFeatures.roles),
    Feature("header", "return_route"),
)


def received(protocol: type, name: str, body: dict) -> Received:
    message = Message("1", f"{protocol.identifier}/{name}", body, ALICE, (BOB,))
    return Received(message, Trail(("authcrypt",), (f"{BOB}#1",), f"{ALICE}#1"), ALICE, BOB)


def test_a_ping_is_answered() -> None:
    transition = TrustPing().receive(None, received(TrustPing, "ping", {}), FEATURES)
    assert [out.type for out in transition.send] == ["https://didcomm.org/trust-ping/2.0/ping-response"]
    assert transition.closed


def test_a_ping_that_wants_no_answer_gets_none() -> None:
    assert not TrustPing().receive(None, received(TrustPing, "ping", {"response_requested": False}), FEATURES).send


def test_our_ping_ends_with_its_response() -> None:
    begun = TrustPing().begin({})
    assert begun.send[0].body == {"response_requested": True}
    ended = TrustPing().receive(begun.state, received(TrustPing, "ping-response", {}), FEATURES)
    assert (ended.state, ended.send, ended.closed) == (ThreadState("sender", "completed"), (), True)
    with pytest.raises(OutOfOrder):
        TrustPing().receive(ended.state, received(TrustPing, "ping-response", {}), FEATURES)


@pytest.mark.parametrize(
    ("thread", "name", "body", "refusal"),
    [
        (None, "ping-response", {}, OutOfOrder),
        (ThreadState("sender", "pinged"), "ping", {}, OutOfOrder),
        (None, "pong", {}, UnsupportedMessage),
        (None, "ping", {"response_requested": "no"}, InvalidBody),
    ],
)
def test_a_ping_out_of_place_is_refused(thread, name: str, body: dict, refusal: type) -> None:
    with pytest.raises(refusal):
        TrustPing().receive(thread, received(TrustPing, name, body), FEATURES)


def ask(*queries: dict) -> list[dict]:
    transition = DiscoverFeatures().receive(
        None, received(DiscoverFeatures, "queries", {"queries": list(queries)}), FEATURES
    )
    return transition.send[0].body["disclosures"]


def test_features_are_told_to_who_asks_for_them() -> None:
    assert ask({"feature-type": "protocol", "match": "https://didcomm.org/trust-ping/*"}) == [
        {"feature-type": "protocol", "id": TrustPing.identifier, "roles": ["sender", "receiver"]}
    ]
    assert ask({"feature-type": "header", "match": "*"}) == [{"feature-type": "header", "id": "return_route"}]
    assert ask({"feature-type": "goal-code", "match": "*"}) == []


def test_a_feature_is_told_once() -> None:
    everything = {"feature-type": "protocol", "match": "*"}
    assert len(ask(everything, everything)) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"queries": []},
        {"queries": [{}]},
        {"queries": ["x"]},
        {"queries": [{"feature-type": "protocol", "match": "x" * 257}]},
        {"queries": [{"feature-type": "protocol", "match": "*"}] * 33},
    ],
)
def test_queries_of_another_form_are_refused(body: dict) -> None:
    with pytest.raises(InvalidBody):
        DiscoverFeatures().receive(None, received(DiscoverFeatures, "queries", body), FEATURES)


def test_what_the_peer_tells_is_kept_when_we_asked() -> None:
    begun = DiscoverFeatures().begin({"queries": [{"feature-type": "protocol", "match": "*"}]})
    assert begun.send[0].type == discover_features.QUERIES
    told = [{"feature-type": "protocol", "id": "x", "roles": []}]
    disclose = received(DiscoverFeatures, "disclose", {"disclosures": told})
    assert DiscoverFeatures().receive(begun.state, disclose, FEATURES).state.data == {"disclosures": told}
    with pytest.raises(OutOfOrder):
        DiscoverFeatures().receive(None, disclose, FEATURES)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("a", "a", True),
        ("a", "ab", False),
        ("*", "", True),
        ("a*", "ab", True),
        ("*b", "ab", True),
        ("a*b*c", "a-b-c", True),
        ("a*b*c", "a-c-b", False),
        ("ab*ba", "aba", False),
        ("a*a", "a", False),
        ("[a]", "a", False),
        ("*a" * 128, "a" * 127 + "b" + "a" * 127, True),
    ],
)
def test_a_star_stands_for_anything(pattern: str, text: str, fits: bool) -> None:
    assert matches(pattern, text) is fits


def test_a_problem_report_is_never_answered() -> None:
    transition = ReportProblem().receive(None, received(ReportProblem, "problem-report", {"code": "e.p.msg"}), FEATURES)
    assert (transition.send, transition.state.data) == ((), {"code": "e.p.msg"})
    with pytest.raises(InvalidBody):
        ReportProblem().receive(None, received(ReportProblem, "problem-report", {"code": "<b>"}), FEATURES)


def test_a_refusal_is_reported_without_its_detail() -> None:
    out = report_problem.report(UnsupportedMessage("secret"))
    assert out.body["code"] == "e.p.msg.unsupported"
    assert "secret" not in str(out.body)
