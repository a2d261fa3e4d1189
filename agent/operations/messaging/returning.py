"""Return-Route: an answer goes back on the connection that its message came on, and is owed until it went."""

from contextlib import suppress
from dataclasses import replace
from uuid import UUID

from agent.operations.messaging.envelope import Arrival
from agent.operations.messaging.identity import identity_for
from agent.operations.messaging.versions import VERSIONS
from agent.scope import Conflict, Scope
from agent.scope.messaging import Identity, Replayed, Undeliverable
from protocols.did import DidNotFound
from protocols.didcomm.http import Returned
from protocols.didcomm.message import Message
from protocols.errors import Malformed


def returns(arrival: Arrival) -> bool:
    """Whether replies go back on the connection: said with the message, or once on a WebSocket."""
    wanted, session = arrival.received.message.headers.get("return_route"), arrival.session
    if session is None:
        return False
    if wanted is not None:
        session.returning = wanted in ("all", "thread")
    return session.returning


async def packed(scope: Scope, arrival: Arrival, message: Message) -> bytes | None:
    """The envelope for who is at the other end; None when none can be made."""
    try:
        return await VERSIONS[arrival.version].pack(scope, arrival.identity, message, arrival.connection)
    except (DidNotFound, Malformed, Undeliverable):
        return None


def returned(scope: Scope, octets: bytes, answer: UUID) -> Returned:
    """An answer that is settled and goes back now: sent once it is written."""

    async def written() -> None:
        # Two who say the same at once are given the same, and one of them is noted.
        with suppress(Conflict):
            async with scope.unit() as unit:
                await unit.conversations.sent(answer, delivered=True)
                await unit.commit()

    return Returned(octets, written)


async def speaking(scope: Scope, arrival: Arrival) -> tuple[Identity, str]:
    """Who answers, and the word that says so: another DID than the one written to, when ours was followed by it."""
    connection = arrival.connection
    if connection is None:
        return arrival.identity, ""
    word = str(connection.data.get("from_prior", ""))
    if connection.own_did == arrival.identity.own:
        return arrival.identity, word
    return await identity_for(scope, connection.own_did), word


async def again(scope: Scope, arrival: Arrival) -> Returned | None:
    """What is owed to a message that was taken before: back on this connection, or out where nothing goes back.

    Both may have moved since, so it is written as who we are now, to whom they are now. Raises Replayed when nothing is
    owed: it was not wanted, it went, or it left through the outbox.
    """
    party, number = arrival.party, arrival.received.message.id
    async with scope.unit() as unit:
        owed: Message | None = await unit.conversations.owed(party, number)
    if owed is None:
        raise Replayed("answered already")
    identity, prior = await speaking(scope, arrival)
    arrival = replace(arrival, identity=identity)
    if returns(arrival):
        message = replace(owed, from_=identity.did, to=(arrival.received.sender,), from_prior=prior)
        octets = await packed(scope, arrival, message)
        if octets is not None:
            return returned(scope, octets, UUID(owed.id))
    with suppress(Conflict):
        async with scope.unit() as unit:
            await unit.conversations.release(party, number)
            await unit.commit()
    return None
