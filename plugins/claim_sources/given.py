"""Claims that came with the offer; an offer that brings none waits for whoever approves it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.ports import ClaimsFound, ClaimsLater, ClaimsRequest, PluginTools
from protocols.ports.sources import InvalidSettings

_INTERVAL = 60


class Given:
    """`ports.ClaimSource` without settings."""

    kind: ClassVar[str] = "given"

    def __init__(self, tools: PluginTools) -> None:
        """Needs none of them."""

    def require_settings(self, settings: Mapping[str, Any]) -> None:
        """There are none."""
        if settings:
            raise InvalidSettings("no settings")

    async def claims(self, settings: Mapping[str, Any], request: ClaimsRequest) -> ClaimsFound | ClaimsLater:
        """As given."""
        return ClaimsFound(request.given) if request.given else ClaimsLater(_INTERVAL)
