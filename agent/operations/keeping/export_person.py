"""POST /person-exports: everything that is kept of a person, and who opened it (GDPR, article 15)."""

from collections.abc import Mapping
from typing import Any

from agent.audit import AuditEvent, DataAccess
from agent.operations.keeping.erase_person import NobodyKnown
from agent.scope import Scope
from agent.scope.keeping import Whom

FIELDS = (
    "users.external_id_sealed",
    "users.email_sealed",
    "users.phone_sealed",
    "users.profile_sealed",
    "claim_records.claims_sealed",
    "issuances.claims_sealed",
    "deferred_issuances.request_sealed",
    "presentations.presentation_sealed",
)


async def export_person(scope: Scope, whom: Whom) -> Mapping[str, Any]:
    """Sealed values opened, as JSON; that they were is on record. Raises NobodyKnown."""
    async with scope.unit() as unit:
        keys = await unit.erasures.keys_of(whom)
        if not keys:
            raise NobodyKnown()
        found: Mapping[str, Any] = await unit.person_files.read(keys)
        accesses = [DataAccess(key, FIELDS, "access_request", "access_request") for key in keys]
        unit.record(AuditEvent("person.exported", "subject_key", keys[0], "read"), *accesses)
        await unit.commit()
    return {"tenant_id": str(scope.tenant.id), "at": scope.now().isoformat(timespec="seconds"), **found}
