"""The browser is back with the code that only the wallet was given (OpenID4VP 1.0, 8.2 and 13.3)."""

from dataclasses import dataclass
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.verifying import secrets
from agent.operations.verifying.notify_verifier import tell
from agent.operations.verifying.presentation_result import NoSuchPresentation
from agent.operations.verifying.readings import record_result
from agent.scope import Scope
from agent.scope.verifying import PresentationResult
from protocols.errors import ProtocolError


class WrongResponseCode(ProtocolError):
    """The response code is not good, was used, or comes from another browser."""

    code = "invalid_response_code"
    status = 403


@dataclass(frozen=True, slots=True)
class RedeemResponseCode:
    """Request: the presentation, and the code as it came with the redirect."""

    presentation: UUID
    response_code: str


async def redeem_response_code(scope: Scope, request: RedeemResponseCode) -> PresentationResult:
    """POST /presentation-requests/{presentation}/response-code: the verifier has seen to it that the browser is the one
    that began. Raises WrongResponseCode, NoSuchPresentation."""
    return await _redeem(scope, request.presentation, request.response_code, None)


async def return_in_browser(scope: Scope, reference: str, response_code: str, secret: str) -> PresentationResult:
    """Back on our page, in the browser that began there. Raises WrongResponseCode."""
    request_id = secrets.read_reference(scope.vault, reference, "browser")
    if request_id is None:
        raise WrongResponseCode("not ours")
    browser = secrets.browser_hash(scope.vault, request_id, secret)
    return await _redeem(scope, request_id, response_code, browser)


async def _redeem(scope: Scope, request: UUID, code: str, browser: bytes | None) -> PresentationResult:
    async with scope.unit() as unit:
        good = await unit.presentations.redeem(request, secrets.digest(code), browser)
        event = "presentation.verified" if good else "presentation.return_refused"
        unit.record(AuditEvent(event, "presentation_request", request, "verify", request))
        # Our own page shows the browser nothing of it.
        found: PresentationResult | None = await unit.presentations.result(request, disclosed=browser is None)
        if found is None:
            raise NoSuchPresentation()
        record_result(unit, found)
        if good:
            report = await unit.presentations.report(request)
            tell(scope, unit, request, "verified", (), report["report"] if report else "")
        await unit.commit()
    if not good:
        raise WrongResponseCode()
    return found
