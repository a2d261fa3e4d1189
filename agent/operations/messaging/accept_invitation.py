"""We take a peer's invitation: a DID of ours for the relationship, and a first message that names the invitation."""

from dataclasses import dataclass
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.messaging import attached_requests
from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.peers import resolve
from agent.operations.messaging.reachable import reachable_did
from agent.operations.messaging.threads import new_id
from agent.scope import Conflict, Scope
from agent.scope.connections import Connection
from protocols.didcomm.catalog import out_of_band
from protocols.didcomm.catalog.out_of_band import InvalidInvitation, Invitation, Reference
from protocols.ports.tools import FetchFailed, FetchRefused


@dataclass(frozen=True, slots=True)
class AcceptInvitation:
    """Request: an invitation's URL; `goal_codes` are those that may be taken, None for all.

    `mediator` is the connection with the mediator through which the peer reaches us, None for our own door.
    """

    url: str
    label: str = ""
    goal_codes: tuple[str, ...] | None = None
    mediator: UUID | None = None


async def accept_invitation(scope: Scope, request: AcceptInvitation) -> UUID:
    """Store the connection and queue a ping below the invitation; the connection.

    Raises InvalidInvitation, InvalidDid, DidNotFound, FetchRefused, FetchFailed, Conflict when it was taken already.
    """
    invitation = await _read(scope, request.url)
    if request.goal_codes is not None and invitation.goal_code not in request.goal_codes:
        raise InvalidInvitation("goal code is not one that we take")
    await resolve(scope, invitation.from_)
    # A name that a peer chose is no name of ours: with the DID that spoke it, it is.
    name = f"{invitation.from_}/{invitation.id}"
    async with scope.unit() as unit:
        if await unit.connections.invited(name):
            raise Conflict("invitation was taken already")
    own = await reachable_did(scope, request.mediator)
    row = new_id(scope)
    connection = Connection(
        id=row,
        version=2,
        protocol=out_of_band.OutOfBand.identifier,
        state="completed",
        own_did=own.id,
        their_did=invitation.from_,
        label=request.label or invitation.label,
        invitation_id=name,
        invitation=out_of_band.render(invitation),
        data={"mediator": str(request.mediator)} if request.mediator else {},
    )
    async with scope.unit() as unit:
        await unit.connections.add_own_did(own)
        await unit.connections.add(connection)
        unit.record(AuditEvent("didcomm.accepted", "connection", row, "create", row, {"version": 2}))
        await unit.commit()
    await begin_protocol(scope, BeginProtocol(row, "trust-ping", pthid=invitation.id))
    await attached_requests.take(scope, row, invitation.id, invitation.request)
    return row


async def _read(scope: Scope, url: str) -> Invitation:
    found = out_of_band.parse_url(url)
    if not isinstance(found, Reference):
        return found
    try:
        answer = await scope.fetch.get(found.url, "application/json")
    except (FetchRefused, FetchFailed) as error:
        raise InvalidInvitation(f"short URL: {type(error).__name__}") from None
    if 300 <= answer.status < 400 and "location" in answer.headers:
        redirected = out_of_band.parse_url(answer.headers["location"])
        if isinstance(redirected, Invitation):
            return redirected
    if answer.status != 200:
        raise InvalidInvitation(f"short URL answers {answer.status}")
    return out_of_band.parse(answer.body)
