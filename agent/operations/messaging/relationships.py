"""Whom a message comes from, as a relationship: a connection that stands, one that it makes, or a stranger."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.messaging.envelope import Arrival
from agent.operations.messaging.own_dids import PRIOR, retire, without
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
        found = await _standing(unit, own, sender)
        left: list[Connection] = await unit.connections.named(peer.short_form(sender)) if found is None else []
        invited: Connection | None = None
        if found is None and message.pthid:
            invited = await unit.connections.invited(message.pthid)
        prior: Connection | None = None
        if message.from_prior:
            prior = await _standing(unit, own, from_prior.parse(message.from_prior).iss)
    if any(connection.own_did == own or _knew(connection, own) for connection in left):
        raise CannotOpen("the sender has left this DID")
    if found is not None:
        _require_open(found)
        return _confirmed(arrival, found) if found.own_did == own else Met(replace(arrival, connection=found))
    if prior is not None:
        return _rotated(arrival, prior)
    if invited is not None and invited.own_did == own:
        taken = taking(scope, invited, sender, scope.now())
        return Met(replace(arrival, connection=taken), (taken,))
    if own is not None:
        raise CannotOpen("a stranger at a DID made for others")
    return Met(arrival)


async def _standing(unit: Any, own: UUID | None, their_did: str) -> Connection | None:
    """The connection between two DIDs, or of a peer that does not know yet that ours was followed by another."""
    found: Connection | None = await unit.connections.between(own, their_did)
    if found is not None:
        return found
    candidates: list[Connection] = await unit.connections.with_peer(their_did)
    return next((one for one in candidates if _knew(one, own)), None)


def _knew(connection: Connection, own: UUID | None) -> bool:
    """Whether the peer knew us by this DID of ours, which was followed by another."""
    return connection.data.get(PRIOR) == str(own or "")


def _confirmed(arrival: Arrival, found: Connection) -> Met:
    """A message to our present DID: that it follows another need not be said again (DID Rotation)."""
    prior = found.data.get(PRIOR)
    if prior is None:
        return Met(replace(arrival, connection=found))
    settled = replace(found, data=without(found, "from_prior", PRIOR))

    async def leave(unit: Any) -> None:
        if prior:
            await retire(unit, UUID(prior), found.id)

    return Met(replace(arrival, connection=settled), (settled,), (leave,))


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


async def ended_by_peer(scope: Scope, own: UUID | None, word: str) -> None:
    """The peer has left: its word was believed when the message was opened. A peer that is none is no error."""
    async with scope.unit() as unit:
        found = await _standing(unit, own, from_prior.parse(word).iss)
        if found is None or found.state == "abandoned":
            return
        await unit.connections.settle(replace(found, state="abandoned"))
        unit.record(AuditEvent("didcomm.left", "connection", found.id, "update", found.id))
        await unit.commit()
