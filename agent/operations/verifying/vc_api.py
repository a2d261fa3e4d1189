"""Whether the VC API is there at all: off by default, for each tenant on, or open for the conformance suites."""

from typing import Any

from agent.scope import Scope
from protocols.errors import ProtocolError

OFF, AUTHENTICATED, OPEN = "off", "authenticated", "open"
MODES = (OFF, AUTHENTICATED, OPEN)


class NoVcApi(ProtocolError):
    """There is nothing here."""

    code = "not_found"
    status = 404


def mode(scope: Scope) -> str:
    """Who may call it."""
    return str(scope.catalogue.settings.get("vc_api", OFF))


def require_on(scope: Scope, suite: str) -> Any:
    """The cryptosuite of this base URL. Raises NoVcApi where it is off, or no such suite is on."""
    found = scope.plugins["cryptosuites"].get(suite)
    if mode(scope) == OFF or found is None:
        raise NoVcApi(suite if found is None else "off")
    return found
