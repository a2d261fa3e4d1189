"""No plugin without its contract: whoever adds one gives an example of it."""

from agent import contracts, discovery
from tests.contracts.samples import SAMPLES

ELSEWHERE = {"key_stores": {"askar", "pkcs11"}}
"""In `tests/contracts/test_key_stores.py`, with the machines that they need."""


def test_there_is_a_suite_for_every_port() -> None:
    assert contracts.FAMILIES == discovery.FAMILIES


def test_every_plugin_of_ours_is_held_to_its_contract() -> None:
    """A plugin is missing here until `tests/contracts/samples` has an example of it."""
    lacking = {
        f"{family}/{name}"
        for family, points in discovery.installed().items()
        for name, point in points.items()
        if discovery.ours(point) and name not in {*SAMPLES.get(family, ()), *ELSEWHERE.get(family, ())}
    }
    assert lacking == set()
