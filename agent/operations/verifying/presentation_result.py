"""GET /presentation-requests/{id}: what came of a request."""

from uuid import UUID

from agent.scope import Scope
from agent.scope.verifying import PresentationResult
from protocols.errors import ProtocolError


class NoSuchPresentation(ProtocolError):
    """There is no such presentation request."""

    code = "not_found"
    status = 404


async def presentation_result(scope: Scope, request: UUID) -> PresentationResult:
    """The transaction as it stands. Raises NoSuchPresentation."""
    async with scope.unit() as unit:
        found: PresentationResult | None = await unit.presentations.result(request)
    if found is None:
        raise NoSuchPresentation()
    return found
