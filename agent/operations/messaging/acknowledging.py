"""The please_ack and ack headers (DIDComm Messaging 2.1, ACKs): what a peer wants to be told, and what it tells us."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from agent.operations.messaging.envelope import Arrival
from agent.scope import Scope
from protocols.didcomm.catalog.empty import EMPTY
from protocols.didcomm.message import Message
from protocols.didcomm.protocol import Outgoing

_MOST = 16


async def acknowledged(scope: Scope, arrival: Arrival) -> tuple[str, ...]:
    """The ids to acknowledge: this message, and others that were handled before; nothing else is confirmed.

    A message that only acknowledges is not acknowledged, so that two agents do not thank each other for ever.
    """
    message = arrival.received.message
    asked = _ids(message, "please_ack")
    if not asked or (message.type == EMPTY and message.headers.get("ack")):
        return ()
    wanted = [message.id if one == "" else one for one in asked]
    async with scope.unit() as unit:
        handled: frozenset[str] = await unit.conversations.taken(arrival.party, wanted)
    return tuple(dict.fromkeys(one for one in wanted if one == message.id or one in handled))


def with_ack(sending: Sequence[Outgoing], acks: tuple[str, ...]) -> tuple[Outgoing, ...]:
    """The acknowledgement goes with the first message of the thread that is sent anyway, or as one of its own."""
    if not acks:
        return tuple(sending)
    headers = {"ack": list(acks)}
    if not sending or sending[0].apart:
        return (Outgoing(EMPTY, headers=headers), *sending)
    first = sending[0]
    return (replace(first, headers={**first.headers, **headers}), *sending[1:])


def noted(arrival: Arrival) -> tuple[Callable[[Any], Awaitable[None]], ...]:
    """What the peer acknowledges, to be noted with its message."""
    ids, party = [one for one in _ids(arrival.received.message, "ack") if one], arrival.party
    if not ids:
        return ()

    async def note(unit: Any) -> None:
        await unit.conversations.acknowledge(party, ids)

    return (note,)


def _ids(message: Message, header: str) -> list[str]:
    """The header's strings; one that is not a short list of them asks for nothing."""
    value = message.headers.get(header)
    if not isinstance(value, list) or len(value) > _MOST or not all(isinstance(one, str) for one in value):
        return []
    return value
