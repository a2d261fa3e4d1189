"""`chancery bench --formats` measures what it says: acts that succeed, beside their signatures."""

from agent.cli.measuring_formats import FormatCost, lines, measure_formats


def test_issuing_and_verifying_are_measured_beside_their_signatures() -> None:
    found = measure_formats(0.2, holders=4)
    acts = [f"{name}, {act}" for name in ("mso_mdoc", "dc+sd-jwt") for act in ("issue", "verify")]
    assert [one.act for one in found if one.act.endswith(("issue", "verify"))] == acts
    for one in found:
        assert 0 < one.per_second < one.signatures_per_second
        if one.act.endswith("verify"):
            # Two signatures and their reading; the figure itself is the bench's to tell.
            assert one.factor < 4
    assert "mso_mdoc, verify" in lines(found)


def test_a_factor_is_of_the_signatures() -> None:
    assert (FormatCost("x", 50, 100, 80).factor, FormatCost("x", 50, 100, 80).factor_with_key) == (2, 1.6)
