"""`chancery bench --status-lists` measures what it says, and what is promised of a million places holds."""

from agent.cli.measuring_status import lines, measure_status_lists


def test_a_million_places_are_republished_and_read_within_what_is_promised() -> None:
    found = measure_status_lists()
    names = {"token_status_list", "token_status_list_cwt", "bitstring_status_list"}
    assert {one.mechanism for one in found} == names
    for one in found:
        assert one.token_bytes > 10_000, "the list is not an empty one"
        assert 0 < one.republish_ms < 300
        assert 0 < one.read_us < 20
    assert all(name in lines(found) for name in names)
