"""Coordinate Mediation 2.0: keylists, and one routing_did."""

from collections.abc import Mapping
from typing import ClassVar

from protocols.didcomm.mediating import Coordinates


class CoordinateMediation2(Coordinates):
    """Both roles."""

    identifier: ClassVar[str] = "https://didcomm.org/coordinate-mediation/2.0"
    versions: ClassVar[frozenset[int]] = frozenset({2})
    words: ClassVar[Mapping[str, str]] = {
        "update": "keylist-update",
        "response": "keylist-update-response",
        "query": "keylist-query",
        "listing": "keylist",
        "list": "keys",
    }
    several: ClassVar[bool] = False
