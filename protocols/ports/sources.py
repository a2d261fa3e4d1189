"""Claim sources: where the claims of an issuance come from."""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol


class ClaimSource(Protocol):
    """One source of claims. Waits."""

    kind: ClassVar[str]

    async def claims(self, settings: Mapping[str, Any], request: Mapping[str, Any]) -> Mapping[str, Any]:
        """The claims for one issuance, not yet checked against the schema. `request` carries the correlation id and
        what was given with the offer."""
