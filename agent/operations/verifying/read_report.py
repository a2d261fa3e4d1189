"""GET /verification-reports/{report}: why an answer was accepted, refused or ignored, line by line."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from agent.operations.verifying.presentation_result import NoSuchPresentation
from agent.operations.verifying.readings import record_reports
from agent.scope import Scope


class NoSuchReport(NoSuchPresentation):
    """There is no such verification report."""


async def read_report(scope: Scope, report: UUID) -> Mapping[str, Any]:
    """The report of this id, or of the presentation of this id the one that decided. Raises NoSuchReport."""
    async with scope.unit() as unit:
        found: Mapping[str, Any] | None = await unit.presentations.report(report)
        if found is None:
            raise NoSuchReport()
        if record_reports(unit, "report.read", [found]):
            await unit.commit()
    return found


async def list_reports(scope: Scope, request: UUID) -> Sequence[Mapping[str, Any]]:
    """The reports of every answer to a request, in their order. Raises NoSuchPresentation."""
    async with scope.unit() as unit:
        if await unit.presentations.result(request, disclosed=False) is None:
            raise NoSuchPresentation()
        found: Sequence[Mapping[str, Any]] = await unit.presentations.reports(request)
        if record_reports(unit, "report.read", found):
            await unit.commit()
    return found
