"""Our DID of a relationship is followed by another, or by none (DIDComm Messaging 2.1, DID Rotation; RFC 0794).

Version 2 says so with every message of the new DID. Version 1 announces the new one with the keys of the old, and
speaks with it once the peer has said that it knows.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.messaging.begin_protocol import BeginProtocol, NoConnection, prepare_protocol
from agent.operations.messaging.envelope_v1 import key_of
from agent.operations.messaging.identity import create_own_did_v1, identity_for, identity_from
from agent.operations.messaging.own_dids import PRIOR, ROTATING
from agent.operations.messaging.reachable import reachable_did
from agent.operations.messaging.threads import new_id
from agent.scope import Scope
from agent.scope.connections import Connection
from agent.scope.messaging import Identity, Step, Thread, Written
from protocols.didcomm import from_prior
from protocols.didcomm.catalog.empty import EMPTY, Empty
from protocols.didcomm.message import Message
from protocols.didcomm.protocol import ThreadState
from protocols.didcomm.v1.pack import verkey


async def rotate_did(scope: Scope, connection_id: UUID) -> None:
    """Speak with a new DID: from now on, or in version 1 from the peer's acknowledgement. What was announced and is not
    acknowledged is announced again.

    Raises NoConnection, Conflict; Undeliverable when a mediator does not route for the new one.
    """
    connection = await _standing(scope, connection_id)
    if connection.version == 1:
        await _announce(scope, connection)
    else:
        await _follow(scope, connection)


async def _follow(scope: Scope, connection: Connection) -> None:
    old = await identity_for(scope, connection.own_did)
    via = connection.data.get("mediator")
    new = await reachable_did(scope, UUID(via) if via else None)
    word = await _word(scope, old, new.did)
    prior = {"from_prior": word, PRIOR: str(connection.own_did or "")}
    moved = replace(connection, own_did=new.id, data={**connection.data, **prior})
    async with scope.unit() as unit:
        await unit.connections.add_own_did(new)
        await unit.connections.settle(moved)
        unit.record(AuditEvent("didcomm.rotated", "connection", connection.id, "update", connection.id))
        await unit.commit()


async def _announce(scope: Scope, connection: Connection) -> None:
    pending = connection.data.get(ROTATING)
    if pending is None:
        new = await create_own_did_v1(scope)
    else:
        async with scope.unit() as unit:
            new = await unit.connections.own_did_by_id(UUID(pending["own"]))
    step = await prepare_protocol(scope, BeginProtocol(connection.id, "did-rotate", {"to_did": new.did}))
    announced = {ROTATING: {"own": str(new.id), "thid": step.thread.thid}}
    moved = replace(connection, data={**connection.data, **announced})
    async with scope.unit() as unit:
        if pending is None:
            await unit.connections.add_own_did(new, (verkey(key_of(identity_from(new)).jwk),))
        await unit.conversations.settle(replace(step, connections=(moved,)))
        unit.record(AuditEvent("didcomm.rotated", "connection", connection.id, "update", connection.id))
        await unit.commit()


async def end_connection(scope: Scope, connection_id: UUID) -> None:
    """Tell the peer that we have left, and hear and say nothing more. Raises NoConnection, Conflict."""
    connection = await _standing(scope, connection_id)
    ended = replace(connection, state="abandoned")
    if connection.version == 1:
        step = await prepare_protocol(scope, BeginProtocol(connection.id, "did-rotate", {"hangup": True}))
    else:
        step = await _last_word(scope, connection)
    async with scope.unit() as unit:
        await unit.conversations.settle(replace(step, connections=(ended,)))
        unit.record(AuditEvent("didcomm.ended", "connection", connection.id, "update", connection.id))
        await unit.commit()


async def _last_word(scope: Scope, connection: Connection) -> Step:
    """A message that nobody sends: the DID is followed by none."""
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
    return Step(thread, ThreadState("sender", "completed"), True, written=(Written(number, message),))


async def _standing(scope: Scope, connection_id: UUID) -> Connection:
    async with scope.unit() as unit:
        connection: Connection | None = await unit.connections.get(connection_id)
    begun = connection is not None and connection.version == 1 and connection.state in ("requested", "responded")
    if connection is None or begun or not connection.their_did or connection.state == "abandoned":
        raise NoConnection("no such connection")
    return connection


async def _word(scope: Scope, old: Identity, sub: str) -> str:
    """The JWT, signed with a key of the old DID's `authentication`."""
    kid, key = next(iter(old.authentication.items()))
    prepared = from_prior.prepare(old.did, sub, kid, key.algorithm, int(scope.now().timestamp()))
    signature: Any = await scope.keys.sign(key.handle, prepared)
    return from_prior.seal(prepared, signature)
