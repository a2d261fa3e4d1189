"""A wallet that sent its private key is told no, and its tenant that it happened; the key is not kept or logged."""

from agent.audit import AuditEvent, SecurityEvent
from agent.scope import Scope
from agent.scope.issuing import Authorized


async def note_exposed_key(scope: Scope, issuance: Authorized) -> None:
    """One security event, and one of the issuance."""
    async with scope.unit() as unit:
        unit.alarm(SecurityEvent("high", "authentication", "private_key_exposed"))
        unit.record(AuditEvent("proof.refused", "issuance", issuance.id, "refuse", issuance.id))
        await unit.commit()
