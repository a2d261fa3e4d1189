"""What verification costs beside its canonicalization."""

import pytest

from agent.cli.measuring_integrity import measure


@pytest.mark.nightly
def test_verification_is_within_a_fifth_of_canonicalization() -> None:
    assert measure().ratio < 1.2
