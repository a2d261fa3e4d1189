"""A queued message goes to its addressee, through the mediators that the addressee names."""

from dataclasses import replace
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.messaging.breaker import Breaker, Resting
from agent.operations.messaging.identity import identity_for, identity_named, identity_of
from agent.operations.messaging.receive_message import receive_message
from agent.operations.messaging.versions import VERSIONS
from agent.scope import Scope
from agent.scope.connections import Connection
from agent.scope.messaging import Identity, Queued, Undeliverable
from protocols.did import peer
from protocols.didcomm.message import Message
from protocols.errors import ProtocolError
from protocols.ports import Transport
from protocols.ports.tools import FetchFailed, FetchRefused


async def deliver_message(scope: Scope, message_id: UUID, breaker: Breaker | None = None) -> None:
    """Send one queued message; nothing to do when it is queued no more.

    Raises Undeliverable, DidNotFound, FetchFailed: try again later, or `give_up`; Resting: nothing was tried.
    """
    async with scope.unit() as unit:
        queued: Queued | None = await unit.conversations.outgoing(message_id)
    if queued is None:
        return
    reply = await _send(scope, queued, breaker or Breaker())
    await _mark(scope, message_id, delivered=True)
    if reply:
        await _take_reply(scope, reply)


async def give_up(scope: Scope, message_id: UUID) -> None:
    """Mark a message as failed for good. Raises Conflict when it is not queued."""
    await _mark(scope, message_id, delivered=False)


async def _mark(scope: Scope, message_id: UUID, delivered: bool) -> None:
    async with scope.unit() as unit:
        thread = await unit.conversations.sent(message_id, delivered)
        event = "didcomm.sent" if delivered else "didcomm.undeliverable"
        unit.record(AuditEvent(event, "thread", thread, "send", thread, {"message": str(message_id)}))
        await unit.commit()


async def _take_reply(scope: Scope, reply: bytes) -> None:
    """A message on the same connection is worth no more than one at the door, and must not undo the delivery."""
    try:
        await receive_message(scope, reply)
    except ProtocolError:
        return


async def _send(scope: Scope, queued: Queued, breaker: Breaker) -> bytes | None:
    envelopes = VERSIONS[queued.version]
    identity, message = await _addressed(scope, queued)
    endpoints = await envelopes.endpoints(scope, message)
    packed = await envelopes.pack(scope, identity, message)
    failure: Exception = Undeliverable("addressee has no endpoint that we can use")
    for endpoint in endpoints:
        rest = breaker.rest(endpoint.uri, scope.now())
        if rest:
            failure = Resting(rest)
            continue
        try:
            uri, wrapped = await envelopes.wrap(scope, endpoint, message, packed)
            transport = transport_of(scope, uri)
            if transport is None:
                raise Undeliverable("no transport for the endpoint")
            reply = await transport.send(uri, wrapped, envelopes.media_type)
        except (FetchFailed, FetchRefused, ProtocolError) as error:
            failure = error
            if isinstance(error, FetchFailed):
                breaker.failed(endpoint.uri, scope.now())
        else:
            breaker.worked(endpoint.uri)
            return reply
    if isinstance(failure, FetchRefused):
        raise Undeliverable("the guard forbids every endpoint")
    raise failure


async def _addressed(scope: Scope, queued: Queued) -> tuple[Identity, Message]:
    """Who says it to whom: DIDs that were followed by others since it was written are not used any more.

    Raises Undeliverable.
    """
    message = queued.message
    if queued.their_did and peer.short_form(message.to[0]) != peer.short_form(queued.their_did):
        message = replace(message, to=(queued.their_did,))
    if not message.from_:
        return await identity_of(scope), message
    identity = await identity_named(scope, message.from_)
    if queued.connection is None or (identity is not None and identity.own == queued.own_did):
        if identity is None:
            raise Undeliverable("written as somebody that we are not")
        return identity, message
    async with scope.unit() as unit:
        connection: Connection | None = await unit.connections.get(queued.connection)
    if connection is None:
        raise Undeliverable("relationship is gone")
    identity = await identity_for(scope, connection.own_did)
    return identity, replace(message, from_=identity.did, from_prior=str(connection.data.get("from_prior", "")))


def transport_of(scope: Scope, uri: str) -> Transport | None:
    """The transport for an address, None where none is on."""
    scheme = uri.partition(":")[0].lower()
    for transport in scope.plugins["transports"].values():
        found: Transport = transport
        if scheme in found.schemes:
            return found
    return None
