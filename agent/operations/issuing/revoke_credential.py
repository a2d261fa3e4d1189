"""POST /credentials/{credential}/revoke: for ever."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from agent.audit import AuditEvent
from agent.scope import Scope
from protocols.errors import ProtocolError


class NothingToRevoke(ProtocolError):
    """There is no such credential that could still be revoked."""

    code = "not_found"
    status = 404


@dataclass(frozen=True, slots=True)
class RevokeCredential:
    """Request: a credential, or the issuance that it came from; the reason is a code word."""

    named: UUID
    reason: str


async def revoke_credential(scope: Scope, request: RevokeCredential) -> Sequence[UUID]:
    """Rows, status list and audit in one transaction; the list's next token says it. Raises NothingToRevoke."""
    async with scope.unit() as unit:
        changed: Sequence[UUID] = await unit.status_lists.revoke(
            request.named, scope.plugins["status_mechanisms"], request.reason
        )
        if not changed:
            raise NothingToRevoke()
        for credential in changed:
            metadata = {"reason": request.reason}
            unit.record(AuditEvent("credential.revoked", "credential", credential, "revoke", metadata=metadata))
        await unit.commit()
    return changed
