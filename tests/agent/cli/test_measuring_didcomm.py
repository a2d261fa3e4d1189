from pathlib import Path

import pytest

from agent.cli import measuring_beside
from agent.cli.measuring_didcomm import lines, measure_didcomm


def test_envelopes_are_measured_through_the_code_that_messages_go_through() -> None:
    ours, *others = measure_didcomm(0.3)
    assert ours.by == "chancery"
    # Far below the target, which is for a machine that does nothing else.
    assert ours.pack > 300
    assert ours.unpack > 300
    assert [one.by.split()[0] for one in others] == ["didcomm", "didcomm-node"]
    for one in others:
        assert one.missing or (one.pack > 50 and one.unpack > 50), one
    assert "/CPU s" in lines([ours, *others])


def test_a_library_that_is_not_there_is_said_to_be_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(measuring_beside, "_ROOT", tmp_path)
    found = measuring_beside.beside(("did:example:a", "did:example:b"), {}, 0.1, 1)
    assert [one["by"] for one in found] == ["didcomm", "didcomm-node"]
    assert all("not installed" in one["missing"] for one in found)
