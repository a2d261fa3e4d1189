"""Paid is what the tenant recorded as paid, by its own bookkeeping."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.ports import Due, PluginTools
from protocols.ports.sources import InvalidSettings


class Manual:
    """`ports.PaymentGate` without settings."""

    kind: ClassVar[str] = "manual"

    def __init__(self, tools: PluginTools) -> None:
        """Needs none of them."""

    def require_settings(self, settings: Mapping[str, Any]) -> None:
        """There are none."""
        if settings:
            raise InvalidSettings("no settings")

    async def paid(self, settings: Mapping[str, Any], due: Due) -> bool:
        """As recorded."""
        return due.recorded
