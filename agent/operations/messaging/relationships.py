"""Whom a message comes from, as a relationship: a connection that stands, one that it makes, or a stranger."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from agent.operations.messaging.envelope import Arrival
from agent.scope import Scope
from agent.scope.connections import Connection
from agent.tenancy import uuid7
from protocols.did import peer
from protocols.didcomm import from_prior
from protocols.didcomm.ciphers import CannotOpen


@dataclass(frozen=True, slots=True)
class Met:
    """An arrival with its connection, and what has to be stored for it in the transaction that takes the message."""

    arrival: Arrival
    connections: tuple[Connection, ...] = ()
    effects: tuple[Callable[[Any], Awaitable[None]], ...] = field(default=())


async def met(scope: Scope, arrival: Arrival) -> Met:
    """Whom an authenticated message comes from.

    A DID of ours that was made for relationships hears nobody else; the public one hears everybody, unless they have
    left the DID that they speak with. Raises CannotOpen.
    """
    if arrival.connection is not None:
        return Met(arrival)
    own, sender, message = arrival.identity.own, arrival.received.sender, arrival.received.message
    async with scope.unit() as unit:
        found: Connection | None = await unit.connections.between(own, sender)
        left: list[Connection] = await unit.connections.named(peer.short_form(sender)) if found is None else []
        invited: Connection | None = None
        if found is None and message.pthid:
            invited = await unit.connections.invited(message.pthid)
        prior: Connection | None = None
        if message.from_prior:
            prior = await unit.connections.between(own, from_prior.parse(message.from_prior).iss)
    if any(connection.own_did == own for connection in left):
        raise CannotOpen("the sender has left this DID")
    if found is not None:
        _require_open(found)
        return Met(replace(arrival, connection=found))
    if prior is not None:
        return _rotated(arrival, prior)
    if invited is not None and invited.own_did == own:
        taken = taking(scope, invited, sender, scope.now())
        return Met(replace(arrival, connection=taken), (taken,))
    if own is not None:
        raise CannotOpen("a stranger at a DID made for others")
    return Met(arrival)


def _require_open(connection: Connection) -> None:
    if connection.state == "abandoned":
        raise CannotOpen("the relationship has ended")


def _rotated(arrival: Arrival, prior: Connection) -> Met:
    """The peer's DID is followed by another (DID Rotation): the relationship stays, the old DID is heard no more."""
    _require_open(prior)
    moved = replace(prior, their_did=arrival.received.sender)

    async def leave(unit: Any) -> None:
        await unit.connections.name(prior.id, "former_did", prior.their_did)

    return Met(replace(arrival, connection=moved), (moved,), (leave,))


def taking(scope: Scope, invitation: Connection, their_did: str, now: datetime) -> Connection:
    """What an invitation of ours becomes when somebody takes it. Raises CannotOpen when it is expired or taken."""
    if invitation.expires is not None and invitation.expires <= now:
        raise CannotOpen("invitation has expired")
    if invitation.multi_use:
        return replace(
            invitation,
            id=uuid7(now, scope.entropy(10)),
            state="completed",
            their_did=their_did,
            invitation_id="",
            multi_use=False,
            expires=None,
            row_version=None,
        )
    # One of several that take it at once wins, by the row's version.
    if invitation.state != "invited":
        raise CannotOpen("invitation was taken")
    return replace(invitation, state="completed", their_did=their_did)
