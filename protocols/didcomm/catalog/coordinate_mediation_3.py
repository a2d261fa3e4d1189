"""Coordinate Mediation 3.0: recipients, and a list of routing DIDs."""

from collections.abc import Mapping
from typing import ClassVar

from protocols.didcomm.mediating import Coordinates


class CoordinateMediation3(Coordinates):
    """Both roles."""

    identifier: ClassVar[str] = "https://didcomm.org/coordinate-mediation/3.0"
    versions: ClassVar[frozenset[int]] = frozenset({2})
    words: ClassVar[Mapping[str, str]] = {
        "update": "recipient-update",
        "response": "recipient-update-response",
        "query": "recipient-query",
        "listing": "recipient",
        "list": "dids",
    }
    several: ClassVar[bool] = True
