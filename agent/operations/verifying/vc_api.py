"""Whether the VC API is there at all: off by default, for each tenant on, or open for the conformance suites."""

from typing import Any

from agent.scope import Scope
from protocols import vc_jose_cose
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


def form_of(suite: str) -> str | None:
    """The form of VC-JOSE-COSE whose base URL this is: `vc+jwt`, `vc+sd-jwt`, `vc+cose`; None for a cryptosuite's."""
    kind, _, form = suite.partition("+")
    return form if kind == "vc" and form in vc_jose_cose.FORMS else None


def require_on(scope: Scope, suite: str) -> Any:
    """The cryptosuite or the form of this base URL. Raises NoVcApi where it is off, or there is no such."""
    found = scope.plugins["cryptosuites"].get(suite) or form_of(suite)
    if mode(scope) == OFF or found is None:
        raise NoVcApi(suite if found is None else "off")
    return found
