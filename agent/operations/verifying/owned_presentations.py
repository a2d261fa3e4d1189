"""Whose a presentation is: unknown until an operator, or an issuance that it was made for, says; and that it goes."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.keeping.erase_person import LegalHold, NobodyKnown
from agent.operations.verifying.presentation_result import NoSuchPresentation
from agent.scope import Scope
from agent.scope.keeping import Whom


@dataclass(frozen=True, slots=True)
class LinkPresentation:
    """Request: what was presented, and by whom."""

    presentation: UUID
    whom: Whom


async def link_presentation(scope: Scope, request: LinkPresentation) -> None:
    """POST /presentation-requests/{presentation}/subject: it is in the person's copy and goes with the person from now
    on. Raises NobodyKnown, NoSuchPresentation when nothing of it is kept."""
    async with scope.unit() as unit:
        keys: tuple[UUID, ...] = await unit.erasures.keys_of(request.whom)
        if not keys:
            raise NobodyKnown()
        if not await unit.presentations.keys(request.presentation):
            raise NoSuchPresentation()
        await tie(unit, request.presentation, keys[0])
        await unit.commit()


async def tie(unit: Any, presentation: UUID, person: UUID) -> bool:
    """It is the person's whose key this is, on record; False when it was already, or nothing of it is kept."""
    tied = bool(await unit.presentations.link(presentation, person))
    if tied:
        unit.record(AuditEvent("presentation.linked", "presentation_request", presentation, "update", presentation))
    return tied


async def erase_presentation(scope: Scope, presentation: UUID) -> None:
    """POST /presentation-requests/{presentation}/erasure: what was disclosed, and the reports about it, are unreadable
    wherever a copy lies; that there was a presentation stays. Raises NoSuchPresentation, LegalHold."""
    async with scope.unit() as unit:
        keys: tuple[UUID, ...] = await unit.presentations.keys(presentation)
        if not keys:
            raise NoSuchPresentation()
        if held := await unit.erasures.held():
            raise LegalHold(", ".join(held))
        rows = await unit.erasures.erase(keys)
        metadata = {"keys_destroyed": [str(key) for key in keys], "rows": dict(rows)}
        event = AuditEvent("presentation.erased", "presentation_request", presentation, "erase", presentation, metadata)
        unit.record(event)
        await unit.commit()
