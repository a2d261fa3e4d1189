"""A mediator takes an envelope for somebody whom it routes for: held before it is acknowledged."""

from datetime import UTC, datetime, timedelta
from typing import Any

from agent.audit import AuditEvent
from agent.operations.messaging.identity import identity_named
from agent.operations.messaging.threads import new_id
from agent.scope import Scope
from agent.scope.mediating import Mediation, NewEnvelope
from protocols.didcomm.catalog.routing import Forward
from protocols.didcomm.ciphers import CannotOpen

HELD_FOR = timedelta(days=14)


async def forward_message(scope: Scope, forward: Forward, sender: str) -> tuple[bytes, ...]:
    """Hold each envelope for pickup; what is for ourselves, wrapped once more by who sent it on, is handed back.

    Raises CannotOpen for somebody whom nobody registered, QueueFull. The refusal is everybody's: who is mediated for
    is nobody's business.
    """
    async with scope.unit() as unit:
        mediation = await serving(unit, forward.next_)
    if mediation is None:
        if await identity_named(scope, forward.next_.partition("#")[0]) is None:
            raise CannotOpen("not routed for")
        return forward.envelopes
    async with scope.unit() as unit:
        now = scope.now()
        until = now + HELD_FOR
        if forward.expires is not None:
            until = min(until, datetime.fromtimestamp(forward.expires, UTC))
        for envelope in forward.envelopes:
            new = NewEnvelope(new_id(scope), forward.next_.partition("#")[0], envelope, until, sender)
            await unit.mediations.hold(mediation.id, new)
        count = {"messages": len(forward.envelopes)}
        unit.record(AuditEvent("didcomm.held", "mediation", mediation.id, "create", mediation.id, count))
        await unit.commit()
    return ()


async def serving(unit: Any, name: str) -> Mediation | None:
    """The agreement for a DID, or for a key that is named by its DID URL."""
    found: Mediation | None = await unit.mediations.serving(name)
    if found is None and "#" in name:
        found = await unit.mediations.serving(name.partition("#")[0])
    return found
