"""What a mediator's protocols ask: may this peer be mediated for, its keylist, its queue."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.messaging.envelope import Arrival
from agent.operations.messaging.envelope_v1 import key_of
from agent.operations.messaging.identity import endpoint_of, identity_of
from agent.operations.messaging.questions import Effect
from agent.operations.messaging.threads import new_id, protocol_of
from agent.scope import Scope
from agent.scope.mediating import Mediation
from agent.scope.messaging import Thread
from agent.scope.sessions import Live
from protocols.didcomm.catalog.coordinate_mediation_1 import MediationByKeyAsked
from protocols.didcomm.mediating import (
    Delivered,
    DeliveryAsked,
    KeyPage,
    KeysChanged,
    KeysQueried,
    LiveChanged,
    MediationAsked,
    MessagesReceived,
    QueueAsked,
    QueueState,
    RoutingGranted,
)
from protocols.didcomm.picking_up import NoQueue, PicksUp
from protocols.didcomm.protocol import OutOfOrder
from protocols.didcomm.v1.pack import verkey
from protocols.didcomm.v1.services import did_key

Answered = tuple[Any, tuple[Effect, ...]]
MEDIATE = "mediate"
"""What a connection's policy has to say for its peer to be mediated for."""
_MAX_BYTES = 700_000
"""Of envelopes in one delivery, which grows by a third twice: once as attachments, once encrypted."""
# A message that began to be stored before live delivery was agreed may be seen after it.
_OVERLAP = timedelta(seconds=5)


async def ask_mediation(scope: Scope, arrival: Arrival, _thread: Thread, _question: MediationAsked) -> Answered:
    """Granted when the connection's policy allows it: to route by, the tenant's public DID."""
    connection = arrival.connection
    if connection is None or connection.policy.get(MEDIATE) is not True:
        return (), ()
    routing = ((await identity_of(scope)).did,)
    mediation = Mediation(new_id(scope), connection.id, "mediator", routing)

    async def grant(unit: Any) -> None:
        await unit.mediations.grant(mediation)
        unit.record(AuditEvent("didcomm.mediated", "connection", connection.id, "create", connection.id))

    return routing, (grant,)


async def ask_mediation_by_key(
    scope: Scope, arrival: Arrival, _thread: Thread, _question: MediationByKeyAsked
) -> Answered:
    """The same between agents of version 1: to route by, the key that the peer knows us by."""
    connection = arrival.connection
    if connection is None or connection.policy.get(MEDIATE) is not True:
        return None, ()
    key = verkey(key_of(arrival.identity).jwk)
    mediation = Mediation(new_id(scope), connection.id, "mediator", (did_key(key),))

    async def grant(unit: Any) -> None:
        await unit.mediations.grant(mediation)
        unit.record(AuditEvent("didcomm.mediated", "connection", connection.id, "create", connection.id))

    return (key, endpoint_of(scope)), (grant,)


async def change_keys(scope: Scope, arrival: Arrival, _thread: Thread, question: KeysChanged) -> Answered:
    """Stored before it is confirmed. Raises OutOfOrder without mediation."""
    mediation = await _mediation(scope, arrival)
    if mediation is None:
        raise OutOfOrder("not mediated for")
    async with scope.unit() as unit:
        results = await unit.mediations.change_keys(mediation.id, question.updates)
        counts = {result: results.count(result) for result in set(results)}
        unit.record(AuditEvent("didcomm.keylist", "mediation", mediation.id, "update", mediation.id, counts))
        await unit.commit()
    return results, ()


async def query_keys(scope: Scope, arrival: Arrival, _thread: Thread, question: KeysQueried) -> Answered:
    """A page of the keylist. Raises OutOfOrder without mediation."""
    mediation = await _mediation(scope, arrival)
    if mediation is None:
        raise OutOfOrder("not mediated for")
    async with scope.unit() as unit:
        page: KeyPage = await unit.mediations.keys(mediation.id, question.limit, question.offset)
    return page, ()


async def note_routing(scope: Scope, arrival: Arrival, _thread: Thread, question: RoutingGranted) -> Answered:
    """Our mediator's word: stored with the message."""
    connection = arrival.connection
    if connection is None or not question.routing:
        return None, ()
    mediation = Mediation(new_id(scope), connection.id, "recipient", question.routing)

    async def keep(unit: Any) -> None:
        await unit.mediations.grant(mediation)

    return None, (keep,)


async def ask_queue(scope: Scope, arrival: Arrival, _thread: Thread, question: QueueAsked) -> Answered:
    """The state of the peer's own queue."""
    mediation = await _mediation(scope, arrival)
    return (await _state(scope, arrival, mediation, question.recipient) if mediation else None), ()


async def ask_delivery(scope: Scope, arrival: Arrival, _thread: Thread, question: DeliveryAsked) -> Answered:
    """The oldest envelopes, as many as fit into a message that others take; nothing is deleted."""
    mediation = await _mediation(scope, arrival)
    if mediation is None:
        return None, ()
    async with scope.unit() as unit:
        held = await unit.mediations.waiting(mediation.id, question.limit, question.recipient)
    chosen: list[tuple[str, bytes]] = []
    size = 0
    for one in held:
        size += len(one.envelope)
        if chosen and size > _MAX_BYTES:
            break
        chosen.append((str(one.id), one.envelope))
    return Delivered(tuple(chosen), await _state(scope, arrival, mediation, question.recipient)), ()


async def forget_received(scope: Scope, arrival: Arrival, _thread: Thread, question: MessagesReceived) -> Answered:
    """Deleted from the peer's own queue, whatever else was named."""
    mediation = await _mediation(scope, arrival)
    if mediation is None:
        return None, ()
    ids = [found for name in question.ids if (found := _uuid(name))]
    async with scope.unit() as unit:
        count = await unit.mediations.received(mediation.id, ids)
        if count:
            event = AuditEvent("didcomm.picked_up", "mediation", mediation.id, "delete", mediation.id, {"count": count})
            unit.record(event)
        await unit.commit()
    if arrival.session:
        arrival.session.sent.difference_update(ids)
    return await _state(scope, arrival, mediation, ""), ()


async def change_live(scope: Scope, arrival: Arrival, _thread: Thread, question: LiveChanged) -> Answered:
    """Only on a connection that stays open; what waits already is asked for as before."""
    mediation, session = await _mediation(scope, arrival), arrival.session
    if mediation is None:
        raise NoQueue("not mediated for")
    if session is None or not session.stays:
        return (None if question.live else await _state(scope, arrival, mediation, "")), ()
    session.live = None
    if question.live:
        protocol: Any = protocol_of(scope, arrival.received.message.type, arrival.version)
        if not isinstance(protocol, PicksUp):
            return None, ()
        sender, since = arrival.received.sender, scope.now() - _OVERLAP
        session.live = Live(mediation.id, arrival.identity, sender, arrival.version, protocol, since)
    return await _state(scope, arrival, mediation, ""), ()


async def _mediation(scope: Scope, arrival: Arrival) -> Mediation | None:
    """The agreement with who authenticated: nobody names another's queue."""
    if arrival.connection is None:
        return None
    async with scope.unit() as unit:
        found: Mediation | None = await unit.mediations.of(arrival.connection.id, "mediator")
    return found


async def _state(scope: Scope, arrival: Arrival, mediation: Mediation, recipient: str) -> QueueState:
    async with scope.unit() as unit:
        state: QueueState = await unit.mediations.state(mediation.id, recipient)
    live = arrival.session is not None and arrival.session.live is not None
    return replace(state, live=live)


def _uuid(text: str) -> UUID | None:
    with suppress(ValueError):
        return UUID(text)
    return None
