"""The status entries of a credential that may have several."""

from collections.abc import Mapping
from typing import Any

from protocols.ports import StatusReference


def entries(reference: StatusReference | None, mechanisms: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Each place as its mechanism writes it."""
    named = [reference, *reference.others] if reference else []
    return [mechanisms[one.mechanism].claim(one) for one in named]
