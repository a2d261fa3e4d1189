"""`chancery bench --formats` measures what it says: acts that succeed, beside their signatures."""

from agent.cli.measuring_formats import FormatCost, lines, measure_formats


def test_issuing_and_verifying_are_measured_beside_their_signatures() -> None:
    issue, verify = measure_formats(0.2)
    for one in (issue, verify):
        assert 0 < one.per_second < one.signatures_per_second
    assert verify.factor < 4  # two signatures and their reading; the figure itself is the bench's to tell
    assert "mso_mdoc, verify" in lines([issue, verify])


def test_a_factor_is_of_the_signatures() -> None:
    assert FormatCost("x", 50, 100).factor == 2
