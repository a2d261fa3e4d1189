"""We go on in a thread that stands already: our next message, in one transaction with what comes of it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import UUID

from agent.operations.messaging.identity import identity_for
from agent.operations.messaging.look import NoThread
from agent.operations.messaging.questions import Effect
from agent.operations.messaging.threads import protocol_by_identifier, settle, write
from agent.scope import Conflict, Scope
from agent.scope.connections import Connection
from agent.scope.messaging import Step, Thread
from protocols.didcomm.protocol import DidcommProtocol, ThreadState, Transition
from protocols.errors import ProtocolError

Move = Callable[[DidcommProtocol, ThreadState, Thread], Awaitable[tuple[Transition, tuple[Effect, ...]]]]
"""(protocol, state, thread) -> what we do about it, and what is stored with it."""


class NotNow(ProtocolError):
    """The thread is not where this can be done."""

    code = "conflict"
    status = 409


async def continue_thread(scope: Scope, row: UUID, move: Move, issuance: UUID | None = None) -> UUID:
    """The thread. Raises NoThread, NotNow when it moved on meanwhile, and what `move` raises."""
    thread, connection = await _standing(scope, row)
    protocol = protocol_by_identifier(scope, thread.protocol)
    if thread.state is None:
        raise NoThread("never stored")
    transition, effects = await move(protocol, thread.state, thread)
    identity = await identity_for(scope, connection.own_did)
    prior = str(connection.data.get("from_prior", ""))
    written = tuple(write(scope, identity, thread, outgoing, from_prior=prior) for outgoing in transition.send)
    thread = replace(thread, issuance=issuance or thread.issuance)
    step = Step(thread, transition.state, transition.closed, written=written, effects=effects)
    try:
        await settle(scope, "didcomm.continued", step)
    except Conflict:
        raise NotNow("another message was first") from None
    return row


async def _standing(scope: Scope, row: UUID) -> tuple[Thread, Connection]:
    """A stored thread and the connection that it is on. Raises NoThread, NotNow for one without a peer to speak to."""
    async with scope.unit() as unit:
        found: Thread | None = await unit.conversations.get(row)
        if found is None:
            raise NoThread("no such thread")
        connection: Connection | None = await unit.connections.get(found.connection) if found.connection else None
    if connection is None or not connection.their_did or connection.state in ("requested", "abandoned"):
        raise NotNow("no connection to speak on")
    return replace(found, peer=connection.their_did), connection
