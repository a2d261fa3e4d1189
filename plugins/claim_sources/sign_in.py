"""Claims of the account that signed in: what the tenant wrote there, and what another identity provider told of it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.ports import ClaimsFound, ClaimsLater, ClaimsRequest, PluginTools
from protocols.ports.sources import InvalidSettings, NoClaims


class SignIn:
    """`ports.ClaimSource`. Setting `names`: claims of the account by the claims that they become, if not by its own
    names; only those named are taken then."""

    kind: ClassVar[str] = "sign_in"

    def __init__(self, tools: PluginTools) -> None:
        """Needs none of them."""

    def require_settings(self, settings: Mapping[str, Any]) -> None:
        """`names` maps words to words."""
        names = settings.get("names", {})
        if settings.keys() - {"names"} or not isinstance(names, dict):
            raise InvalidSettings("names")
        if not all(isinstance(one, str) and one for pair in names.items() for one in pair):
            raise InvalidSettings("names")

    async def claims(self, settings: Mapping[str, Any], request: ClaimsRequest) -> ClaimsFound | ClaimsLater:
        """The account's. Raises NoClaims when nobody signed in."""
        account = await request.account()
        if account is None:
            raise NoClaims("nobody signed in")
        names: Mapping[str, str] | None = settings.get("names")
        if not names:
            return ClaimsFound(account)
        return ClaimsFound({ours: account[theirs] for ours, theirs in names.items() if theirs in account})
