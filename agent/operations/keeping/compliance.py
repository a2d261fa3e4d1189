"""Compliance records: what is demanded, how it stands, the evidence for it, and when it has to be looked at again."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from agent.audit import AuditEvent
from agent.scope import Scope
from agent.scope.compliance import ComplianceRecord


async def record_compliance(scope: Scope, record: ComplianceRecord) -> None:
    """In the place of what was known of the same requirement; that too is on record."""
    async with scope.unit() as unit:
        await unit.compliance.put(record)
        metadata = {"regulation": record.regulation, "requirement": record.requirement, "status": record.status}
        unit.record(AuditEvent("compliance.assessed", "compliance_record", None, "update", None, metadata))
        await unit.commit()


async def list_compliance(scope: Scope, _request: None) -> Mapping[str, Sequence[ComplianceRecord] | datetime]:
    """Every record, and the time by which a review is due or not."""
    async with scope.unit() as unit:
        found: Sequence[ComplianceRecord] = await unit.compliance.listed()
    return {"records": found, "now": scope.now()}
