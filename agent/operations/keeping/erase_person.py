"""Erasing a person: asked for, approved, done in one transaction, with a certificate (GDPR, article 17).

The person's keys are destroyed, which makes what was sealed under them unreadable wherever a copy of it lies; rows that
were about nothing else go. Credentials keep their rows and places in status lists, so that they can be revoked still.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.scope import Conflict, Scope
from agent.scope.keeping import Erasure, Whom
from agent.tenancy import uuid7
from protocols.errors import ProtocolError

PAGE = 100
ERASED = "person.erased"
"""The event of an erasure, and the topic under which it leaves for the journal."""


class NobodyKnown(ProtocolError):
    """There is no such person here, or not any more."""

    code = "not_found"
    status = 404


class LegalHold(ProtocolError):
    """Data of the person has to be kept for the time being."""

    code = "legal_hold"
    status = 409


@dataclass(frozen=True, slots=True)
class RequestErasure:
    """Request: who, and on what ground; a code word as `erasure` (article 17) or `consent_withdrawn`."""

    whom: Whom
    legal_basis: str = "erasure"


async def request_erasure(scope: Scope, request: RequestErasure) -> UUID:
    """The account is stopped at once; what is kept goes with the approval. Raises NobodyKnown."""
    erasure = uuid7(scope.now(), scope.entropy(10))
    async with scope.unit() as unit:
        if not await unit.erasures.request(erasure, request.whom, request.legal_basis):
            raise NobodyKnown()
        metadata = {"legal_basis": request.legal_basis}
        unit.record(AuditEvent("erasure.requested", "erasure_request", erasure, "create", erasure, metadata))
        await unit.commit()
    return erasure


async def approve_erasure(scope: Scope, erasure: UUID) -> Erasure:
    """Erase. Raises NobodyKnown for no such request, Conflict when it was approved before, LegalHold."""
    async with scope.unit() as unit:
        found: Erasure | None = await unit.erasures.get(erasure)
        if found is None:
            raise NobodyKnown()
        held: Sequence[str] = await unit.erasures.held()
        if held:
            unit.record(
                AuditEvent("erasure.held", "erasure_request", erasure, "refuse", erasure, {"tables": list(held)})
            )
            await unit.commit()
            raise LegalHold(", ".join(held))
        keys: tuple[UUID, ...] | None = await unit.erasures.approve(erasure)
        if keys is None:
            raise Conflict("approved before")
        rows = await unit.erasures.erase(keys)
        last = await unit.audit_trail.last()
        certificate = {
            "erasure_id": str(erasure),
            "tenant_id": str(scope.tenant.id),
            "legal_basis": found.legal_basis,
            "requested_at": found.requested_at.isoformat(timespec="seconds"),
            "erased_at": scope.now().isoformat(timespec="seconds"),
            "keys_destroyed": [str(key) for key in keys],
            "rows": dict(rows),
            "after_seal": last[0] if last else 0,
        }
        await unit.erasures.complete(erasure, certificate)
        unit.record(AuditEvent(ERASED, "erasure_request", erasure, "erase", erasure, certificate))
        unit.send(ERASED, str(erasure), {"erasure": str(erasure)})
        done: Erasure | None = await unit.erasures.get(erasure)
        await unit.commit()
    if done is None:
        raise NobodyKnown()
    return done


async def erase_again(scope: Scope, erasure: UUID, keys: tuple[UUID, ...], certificate: Mapping[str, Any]) -> bool:
    """What the journal says of an erasure, carried out in a database from before it; False where it is done already.

    A legal hold that the old database remembers does not undo what was erased under none.
    """
    async with scope.unit() as unit:
        if not await unit.erasures.recall(erasure, keys, certificate["legal_basis"]):
            return False
        found = await unit.erasures.approve(erasure) or ()
        rows = await unit.erasures.erase(found)
        again = {**certificate, "again_at": scope.now().isoformat(timespec="seconds"), "rows": dict(rows)}
        await unit.erasures.complete(erasure, again)
        unit.record(AuditEvent(ERASED, "erasure_request", erasure, "erase", erasure, again))
        await unit.commit()
    return True


async def show_erasure(scope: Scope, erasure: UUID) -> Erasure:
    """One request, with its certificate once it is done. Raises NobodyKnown."""
    async with scope.unit() as unit:
        found: Erasure | None = await unit.erasures.get(erasure)
    if found is None:
        raise NobodyKnown()
    return found


async def list_erasures(scope: Scope, after: UUID) -> Sequence[Erasure]:
    """A page of requests."""
    async with scope.unit() as unit:
        found: Sequence[Erasure] = await unit.erasures.listed(after, PAGE)
    return found
