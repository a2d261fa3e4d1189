"""Talking to a mediator of ours on a connection that it answers on, past threads and outbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.operations.messaging.begin_protocol import NoConnection
from agent.operations.messaging.deliver_message import transport_of
from agent.operations.messaging.identity import identity_for
from agent.operations.messaging.threads import new_id
from agent.operations.messaging.versions import VERSIONS, fitting
from agent.scope import Scope
from agent.scope.connections import Connection
from agent.scope.mediating import Mediation
from agent.scope.messaging import Identity, Undeliverable
from protocols.did import peer
from protocols.didcomm.ciphers import CannotOpen
from protocols.didcomm.message import Message
from protocols.errors import Malformed
from protocols.ports import KeepsConnections
from protocols.ports.tools import FetchFailed, FetchRefused


@dataclass(frozen=True, slots=True)
class Mediator:
    """A mediator of ours: the connection with it and who we are on it."""

    connection: Connection
    identity: Identity


async def mediator_of(scope: Scope, mediation: Mediation) -> Mediator:
    """The mediator behind an agreement. Raises NoConnection."""
    async with scope.unit() as unit:
        connection: Connection | None = await unit.connections.get(mediation.connection)
    if connection is None or connection.state == "abandoned":
        raise NoConnection("mediator is gone")
    return Mediator(connection, await identity_for(scope, connection.own_did))


async def exchange(scope: Scope, mediator: Mediator, message: Message) -> Message | None:
    """Send to the mediator and open its answer on the same connection."""
    envelopes = VERSIONS[mediator.connection.version]
    packed = await envelopes.pack(scope, mediator.identity, message)
    failure: Exception = Undeliverable("mediator has no endpoint that we can use")
    for endpoint in await envelopes.endpoints(scope, message):
        transport = transport_of(scope, endpoint.uri)
        if transport is None or isinstance(transport, KeepsConnections):
            continue
        try:
            uri, wrapped = await envelopes.wrap(scope, endpoint, message, packed)
            answer = await transport.send(uri, wrapped, envelopes.media_type)
        except (FetchFailed, FetchRefused) as error:
            failure = error
            continue
        return await opened(scope, mediator, answer) if answer else None
    raise failure


async def opened(scope: Scope, mediator: Mediator, octets: bytes) -> Message:
    """Only the mediator's own word counts. Raises CannotOpen."""
    try:
        received = (await fitting(octets).open(scope, octets)).received
    except Malformed as error:
        raise CannotOpen(error.detail) from None
    if peer.short_form(received.sender) != peer.short_form(mediator.connection.their_did):
        raise CannotOpen("not the mediator")
    return received.message


def message_to(scope: Scope, mediator: Mediator, type_: str, body: Mapping[str, Any]) -> Message:
    """A message that asks for its answer on the same connection."""
    return Message(
        id=str(new_id(scope)),
        type=type_,
        body=body,
        from_=mediator.identity.did,
        to=(mediator.connection.their_did,),
        created_time=int(scope.now().timestamp()),
        headers={"return_route": "all"},
    )
