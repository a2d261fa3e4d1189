"""Claims path pointers (OpenID4VP 1.0, 7; OpenID4VCI 1.0, Appendix C)."""

from collections.abc import Sequence
from typing import Any

ClaimsPath = tuple[str | int | None, ...]


def select(claims: Any, path: ClaimsPath) -> Sequence[Any]:
    """What the path points to in JSON claims (7.1): empty when there is nothing, as for a part of the wrong kind."""
    found: list[Any] = [claims]
    for part in path:
        found = [inner for one in found for inner in _step(one, part)]
    return found


def _step(value: Any, part: str | int | None) -> Sequence[Any]:
    if isinstance(part, str):
        return [value[part]] if isinstance(value, dict) and part in value else []
    if not isinstance(value, list):
        return []
    if part is None:
        return value
    return [value[part]] if part < len(value) else []
