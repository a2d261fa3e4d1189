"""Whoever opens what was disclosed is on the data access log: whose it is, which fields, what for, on what ground."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent, DataAccess
from agent.scope.policies import LEGAL_BASIS, PURPOSE
from agent.scope.verifying import PresentationResult

REPORT = "verification_results.checks_sealed"
PRESENTATION = "presentations.presentation_sealed"


def record_result(unit: Any, found: PresentationResult) -> bool:
    """The claims of a result were shown; False when it has none."""
    if found.key is None:
        return False
    fields = tuple(f"{one['id']}.{name}" for one in found.credentials for name in one["claims"])
    access = _access(found.key, (PRESENTATION, *fields), found.purpose, found.legal_basis)
    unit.record(AuditEvent("presentation.read", "presentation_request", found.id, "read", found.id), access)
    return True


def record_reports(
    unit: Any, event: str, reports: Iterable[Mapping[str, Any]], fields: tuple[str, ...] = (REPORT,)
) -> bool:
    """Reports were shown, or used; False when none of them is about anything that was presented."""
    told = [one for one in reports if one["presentations"]]
    for one in told:
        request, metadata = UUID(one["presentation_id"]), {"report": one["report"]}
        terms = one.get("request", {})
        access = _access(
            UUID(one["report"]), fields, terms.get("purpose", PURPOSE), terms.get("legal_basis", LEGAL_BASIS)
        )
        unit.record(AuditEvent(event, "presentation_request", request, "read", request, metadata), access)
    return bool(told)


def _access(key: UUID, fields: tuple[str, ...], purpose: str, legal_basis: str) -> DataAccess:
    return DataAccess(key, fields, purpose, legal_basis, consent=legal_basis == "consent")
