"""GET /presentation-requests/{id}: what came of a request."""

from uuid import UUID

from agent.operations.verifying.readings import record_result
from agent.scope import Scope
from agent.scope.verifying import PresentationResult
from protocols.errors import ProtocolError


class NoSuchPresentation(ProtocolError):
    """There is no such presentation request."""

    code = "not_found"
    status = 404


async def presentation_result(scope: Scope, request: UUID) -> PresentationResult:
    """The transaction as it stands; that claims were shown is on record. Raises NoSuchPresentation."""
    async with scope.unit() as unit:
        found: PresentationResult | None = await unit.presentations.result(request)
        if found is None:
            raise NoSuchPresentation()
        if record_result(unit, found):
            await unit.commit()
    return found
