"""Claims from a table that the tenant uploaded, found by its own name for the person."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.ports import ClaimsFound, ClaimsLater, ClaimsRequest, PluginTools
from protocols.ports.sources import InvalidSettings, NoClaims


class Table:
    """`ports.ClaimSource`. Setting `table`: the name that the table was uploaded under."""

    kind: ClassVar[str] = "table"

    def __init__(self, tools: PluginTools) -> None:
        """Needs none of them."""

    def require_settings(self, settings: Mapping[str, Any]) -> None:
        """`table`, at most 128 octets."""
        name = settings.get("table")
        if settings.keys() - {"table"} or not isinstance(name, str) or not 1 <= len(name.encode()) <= 128:
            raise InvalidSettings("table")

    async def claims(self, settings: Mapping[str, Any], request: ClaimsRequest) -> ClaimsFound | ClaimsLater:
        """The person's record. Raises NoClaims when there is none."""
        found = await request.record(settings["table"])
        if found is None:
            raise NoClaims("no record")
        return ClaimsFound(found)
