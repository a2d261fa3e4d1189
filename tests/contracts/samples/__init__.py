"""The plugins of ours under their contracts: an example of each, by family and name of its entry point.

`tests/house/test_contracts.py` asks for one of whoever adds a plugin.
"""

from collections.abc import Callable
from typing import Any

from agent import discovery
from agent.contracts.subjects import Subject
from tests.contracts.samples import claiming, credentials, exchanging, identifying, integrity, proving, talking

SAMPLES: dict[str, dict[str, Callable[[], Any]]] = {
    **claiming.SAMPLES,
    **credentials.SAMPLES,
    **exchanging.SAMPLES,
    **identifying.SAMPLES,
    **integrity.SAMPLES,
    **proving.SAMPLES,
    **talking.SAMPLES,
}


def subjects(family: str) -> list[Subject]:
    """Every plugin of ours in a family, with its sample."""
    points = discovery.installed()[family]
    return [Subject(family, name, points[name].load(), make()) for name, make in SAMPLES[family].items()]
