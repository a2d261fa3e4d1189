from agent.cli.measuring_didcomm import lines, measure_didcomm


def test_envelopes_are_measured_through_the_code_that_messages_go_through() -> None:
    found = measure_didcomm(0.3)
    assert [one.act for one in found] == ["authcrypt X25519 pack, 1 KiB", "authcrypt X25519 unpack, 1 KiB"]
    # Far below the target, which is for a machine that does nothing else.
    assert all(one.per_second > 300 for one in found)
    assert "/CPU s" in lines(found)
