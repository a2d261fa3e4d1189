"""Our DID of a relationship is followed by another (DIDComm Messaging 2.1, DID Rotation), or by none: the end."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.messaging.begin_protocol import NoConnection
from agent.operations.messaging.identity import identity_for
from agent.operations.messaging.reachable import reachable_did
from agent.operations.messaging.threads import new_id
from agent.scope import Scope
from agent.scope.connections import Connection
from agent.scope.messaging import Identity, Step, Thread, Undeliverable, Written
from protocols.didcomm import from_prior
from protocols.didcomm.catalog.empty import EMPTY, Empty
from protocols.didcomm.message import Message
from protocols.didcomm.protocol import ThreadState


async def rotate_did(scope: Scope, connection_id: UUID) -> None:
    """Speak with a new DID from now on; every message says so until the peer has used it.

    Raises NoConnection, Conflict; Undeliverable when a mediator does not route for the new one.
    """
    connection = await _standing(scope, connection_id)
    old = await identity_for(scope, connection.own_did)
    via = connection.data.get("mediator")
    new = await reachable_did(scope, UUID(via) if via else None)
    word = await _word(scope, old, new.did)
    prior = {"from_prior": word, "prior_own": str(connection.own_did or "")}
    moved = replace(connection, own_did=new.id, data={**connection.data, **prior})
    async with scope.unit() as unit:
        await unit.connections.add_own_did(new)
        await unit.connections.settle(moved)
        unit.record(AuditEvent("didcomm.rotated", "connection", connection.id, "update", connection.id))
        await unit.commit()


async def end_connection(scope: Scope, connection_id: UUID) -> None:
    """Tell the peer that we have left, in a message that nobody sends, and hear and say nothing more.

    Raises NoConnection, Conflict, Undeliverable for a version that has no word for it.
    """
    connection = await _standing(scope, connection_id)
    if connection.version != 2:
        raise Undeliverable("only version 2 can say that a relationship has ended")
    old = await identity_for(scope, connection.own_did)
    number = new_id(scope)
    message = Message(
        str(number),
        EMPTY,
        to=(connection.their_did,),
        created_time=int(scope.now().timestamp()),
        from_prior=await _word(scope, old, ""),
    )
    thread = Thread(new_id(scope), connection.their_did, str(number), Empty.identifier, connection=connection.id)
    state, ended = ThreadState("sender", "completed"), replace(connection, state="abandoned")
    step = Step(thread, state, True, written=(Written(number, message),), connections=(ended,))
    async with scope.unit() as unit:
        await unit.conversations.settle(step)
        unit.record(AuditEvent("didcomm.ended", "connection", connection.id, "update", connection.id))
        await unit.commit()


async def _standing(scope: Scope, connection_id: UUID) -> Connection:
    async with scope.unit() as unit:
        connection: Connection | None = await unit.connections.get(connection_id)
    if connection is None or not connection.their_did or connection.state == "abandoned":
        raise NoConnection("no such connection")
    return connection


async def _word(scope: Scope, old: Identity, sub: str) -> str:
    """The JWT, signed with a key of the old DID's `authentication`."""
    kid, key = next(iter(old.authentication.items()))
    prepared = from_prior.prepare(old.did, sub, kid, key.algorithm, int(scope.now().timestamp()))
    signature: Any = await scope.keys.sign(key.handle, prepared)
    return from_prior.seal(prepared, signature)
