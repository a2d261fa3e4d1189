"""Relationships over DIDComm v1: handshakes make them, rotation moves them, and a key leads to each."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from agent.operations.messaging.envelope import Arrival
from agent.operations.messaging.envelope_v1 import LEAVING, key_of, known, sender_key, services_of, stored
from agent.operations.messaging.identity import endpoint_of
from agent.operations.messaging.own_dids import PRIOR, followed, retire, without
from agent.operations.messaging.relationships import Met, taking
from agent.scope import Scope
from agent.scope.connections import Connection
from agent.scope.messaging import Identity, Thread
from protocols.did import DidNotFound
from protocols.didcomm.catalog import connections_1, did_exchange, did_rotate
from protocols.didcomm.catalog.did_exchange import Told
from protocols.didcomm.ciphers import CannotOpen
from protocols.didcomm.protocol import InvalidBody
from protocols.didcomm.v1 import attachments, pack, services
from protocols.didcomm.v1.services import Service
from protocols.errors import ProtocolError

AUTO_ACCEPT = "auto_accept"
"""False in an invitation's policy: nobody who takes it is answered."""
_EXCHANGE = "https://didcomm.org/didexchange/1."
Effects = tuple[Callable[[Any], Awaitable[None]], ...]


async def met(scope: Scope, arrival: Arrival) -> Met:
    """Whom an authenticated message of version 1 comes from. Raises CannotOpen, the same for every cause."""
    try:
        return await _met(scope, arrival)
    except CannotOpen:
        raise
    except (DidNotFound, ProtocolError) as error:
        raise CannotOpen(error.detail) from None


async def _met(scope: Scope, arrival: Arrival) -> Met:
    connection, message = arrival.connection, arrival.received.message
    if connection is not None and connection.state == "abandoned":
        raise CannotOpen("the relationship has ended")
    if _is(message.type, "response"):
        return await _answered(scope, arrival)
    if connection is None:
        if _is(message.type, "request"):
            return await _requested(scope, arrival)
        raise CannotOpen("a stranger who asks for no connection")
    settled = _followed(arrival, connection)
    told = await _told(scope, settled.arrival, settled.connections[0] if settled.connections else connection)
    return replace(told, connections=told.connections or settled.connections, effects=settled.effects + told.effects)


def _followed(arrival: Arrival, connection: Connection) -> Met:
    """The peer uses the DID by which we follow another, or will."""
    moved, prior = followed(connection, arrival), connection.data.get(PRIOR, str(connection.own_did))
    if moved is connection:
        return Met(arrival)

    async def leave(unit: Any) -> None:
        if PRIOR not in moved.data and prior != str(moved.own_did):
            await retire(unit, UUID(prior), connection.id)

    return Met(replace(arrival, connection=moved), (moved,), (leave,))


async def _told(scope: Scope, arrival: Arrival, connection: Connection) -> Met:
    """What a peer that we know says of the relationship itself."""
    message = arrival.received.message
    if message.type == did_rotate.ROTATE:
        return await _rotated(scope, arrival, connection)
    if message.type == did_rotate.HANGUP:
        gone = replace(connection, state="abandoned")
        return Met(arrival, (gone,))
    if LEAVING in connection.data and any(
        sender_key(arrival.received) in one.recipient_keys for one in known(connection)
    ):
        left = replace(connection, data=without(connection, LEAVING))
        return Met(replace(arrival, connection=left), (left,))
    if connection.state == "responded":
        # Who speaks with the keys of our response has it.
        done = replace(connection, state="completed")
        return Met(replace(arrival, connection=done), (done,))
    return Met(arrival)


def _is(message_type: str, name: str) -> bool:
    protocol, _, last = message_type.rpartition("/")
    return last == name and (protocol.startswith(_EXCHANGE) or protocol == connections_1.IDENTIFIER)


async def _requested(scope: Scope, arrival: Arrival) -> Met:
    """A request takes an invitation of ours."""
    message, own = arrival.received.message, arrival.identity.own
    async with scope.unit() as unit:
        if message.pthid:
            invited: Connection | None = await unit.connections.invited(message.pthid)
        else:
            # Old agents name no invitation; the key that they were invited with does.
            using: list[Connection] = await unit.connections.using(own)
            invited = next((one for one in using if one.invitation_id), None)
    if invited is None or invited.own_did != own or invited.version != 1:
        raise CannotOpen("request for no invitation of ours")
    if invited.policy.get(AUTO_ACCEPT) is False:
        raise CannotOpen("nobody is taken by this invitation")
    exchanged = message.type.startswith(_EXCHANGE)
    who = did_exchange.told(message) if exchanged else connections_1.requested(message)
    found = await _found(scope, who)
    if not any(sender_key(arrival.received) in service.recipient_keys for service in found):
        raise CannotOpen("sent with another key than the document's")
    taken = taking(scope, invited, who.did, scope.now())
    connection = replace(
        taken,
        state="responded",
        protocol=did_exchange.IDENTIFIER if exchanged else connections_1.IDENTIFIER,
        label=who.label,
        data=stored(found),
    )
    return _made(arrival, connection, who.did, found)


async def _answered(scope: Scope, arrival: Arrival) -> Met:
    """A response to a request of ours, for which a key of the invitation vouches."""
    message, received = arrival.received.message, arrival.received
    async with scope.unit() as unit:
        using: list[Connection] = await unit.connections.using(arrival.identity.own)
    waiting = [one for one in using if one.state == "requested"]
    if len(waiting) != 1:
        raise CannotOpen("response to no request of ours")
    connection, invited = waiting[0], known(waiting[0])
    keys = tuple(key for service in invited for key in service.recipient_keys)
    if message.type.startswith(_EXCHANGE):
        who = did_exchange.told(message)
        if who.did != connection.their_did:
            did_exchange.vouched(message, keys)
    else:
        who = connections_1.vouched(message, keys)
    found = await _found(scope, who)
    allowed = {*keys, *(key for service in found for key in service.recipient_keys)}
    if sender_key(received) not in allowed:
        raise CannotOpen("response with a key that is neither the invitation's nor the document's")
    moved = replace(connection, state="completed", their_did=who.did, data=stored(found))
    return _made(arrival, moved, who.did, found)


async def _rotated(scope: Scope, arrival: Arrival, connection: Connection) -> Met:
    """The peer announces another DID (RFC 0794), with a key of the one it leaves."""
    new = did_rotate.to_did(arrival.received.message)
    found = await _found(scope, Told(new))
    # Until it speaks with the new keys it speaks with the old ones: it waits for our ack.
    data = {**connection.data, **stored(found), LEAVING: stored(known(connection))["services"]}
    moved = replace(connection, their_did=new, data=data, state="completed")
    return _made(arrival, moved, new, found)


def _made(arrival: Arrival, connection: Connection, their_did: str, found: tuple[Service, ...]) -> Met:
    keys = {key for service in found for key in service.recipient_keys}

    async def name(unit: Any) -> None:
        for key in sorted(keys):
            await unit.connections.name(connection.id, "key", key)

    message = replace(arrival.received.message, from_=their_did)
    received = replace(arrival.received, message=message, sender=their_did)
    return Met(replace(arrival, connection=connection, received=received), (connection,), (name,))


async def _found(scope: Scope, who: Told) -> tuple[Service, ...]:
    """Where the peer takes messages: in the document that it sent along, or in the one that its DID leads to."""
    found = services.of_stored(who.document, who.did) if who.document else await services_of(scope, who.did)
    if not found:
        raise InvalidBody("DID without a service of version 1")
    return found


async def tell_did(scope: Scope, arrival: Arrival, _thread: Thread, _question: Any) -> tuple[Any, Effects]:
    """What a did-exchange response says of us: the DID of the invitation, vouched for by the key in it."""
    identity = arrival.identity
    key = key_of(identity)
    prepared = attachments.prepare(identity.did.encode(), key.jwk)
    signature = await scope.keys.sign(key.handle, prepared.signing_input)
    signed = attachments.seal(prepared, signature, "text/string")
    return {"did": identity.did, "did_rotate~attach": signed}, ()


async def tell_document(scope: Scope, arrival: Arrival, _thread: Thread, _question: Any) -> tuple[Any, Effects]:
    """What a connections response says of us, signed by the key of the invitation."""
    key = key_of(arrival.identity)
    value = old_connection(scope, arrival.identity)
    signed = attachments.sign_field(value, int(scope.now().timestamp()))
    signature = await scope.keys.sign(key.handle, signed)
    return {"connection~sig": attachments.seal_field(signed, signature, pack.verkey(key.jwk))}, ()


def old_connection(scope: Scope, identity: Identity) -> dict[str, Any]:
    """`connection` of RFC 0160: a DID in the form of Indy, whose document is in the message."""
    key = key_of(identity)
    did = connections_1.did_of(key.jwk)
    document = connections_1.document(did, pack.verkey(key.jwk), endpoint_of(scope))
    return {"DID": did, "DIDDoc": document}
