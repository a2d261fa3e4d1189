"""`chancery bench --status-lists` measures what it says."""

from agent.cli.measuring_status import lines, measure_status_lists


def test_every_mechanism_that_publishes_is_measured() -> None:
    found = measure_status_lists()
    names = {"token_status_list", "token_status_list_cwt", "bitstring_status_list"}
    assert {one.mechanism for one in found} == names
    for one in found:
        assert one.token_bytes > 10_000, "the list is not an empty one"
        assert one.republish_ms > 0
        assert one.read_us > 0
    assert all(name in lines(found) for name in names)
