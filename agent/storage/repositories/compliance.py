"""Compliance records, one for each requirement of a regulation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from agent.scope.compliance import ComplianceRecord
from agent.storage.statements import Statement
from agent.storage.tables import compliance_records

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_c = compliance_records.c
_TENANT: Any = bindparam("tenant")
_CHANGED = ("status", "assessed_at", "assessed_by", "next_review")
_new = upsert(compliance_records).values(
    tenant_id=_TENANT,
    evidence=bindparam("evidence", type_=JSONB()),
    **{name: bindparam(name) for name in ("regulation", "requirement", *_CHANGED)},
)
_PUT = Statement(
    _new.on_conflict_do_update(
        index_elements=["tenant_id", "regulation", "requirement"],
        set_={name: _new.excluded[name] for name in (*_CHANGED, "evidence")},
    )
)
_LISTED = Statement(
    select(_c.regulation, _c.requirement, _c.status, _c.evidence, _c.assessed_at, _c.next_review)
    .where(_c.tenant_id == _TENANT)
    .order_by(_c.regulation, _c.requirement)
)


class ComplianceRepository:
    """`scope.compliance.Compliance`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def put(self, record: ComplianceRecord) -> None:
        """Upsert."""
        unit = self._unit
        await _PUT.run(
            unit.connection,
            tenant=unit.tenant_id,
            regulation=record.regulation,
            requirement=record.requirement,
            status=record.status,
            evidence=[dict(one) for one in record.evidence],
            assessed_at=record.assessed_at,
            assessed_by=unit.principal.id,
            next_review=record.next_review,
        )

    async def listed(self) -> Sequence[ComplianceRecord]:
        """One statement."""
        rows = await _LISTED.rows(self._unit.connection, tenant=self._unit.tenant_id)
        return [ComplianceRecord(*row) for row in rows]
