"""An invitation of ours: a DID made for whoever takes it, as a URL that also fits a QR code."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.messaging.identity import endpoint_of
from agent.operations.messaging.mediate import MEDIATE
from agent.operations.messaging.reachable import reachable_did
from agent.operations.messaging.threads import new_id
from agent.scope import Scope
from agent.scope.connections import Connection
from agent.scope.settings import MESSAGING
from protocols.didcomm.catalog import out_of_band
from protocols.didcomm.catalog.out_of_band import Invitation
from protocols.encoding import render_json


@dataclass(frozen=True, slots=True)
class CreateInvitation:
    """Request: what the invitation says, whether several may take it, and for how long it stands.

    `request` is a message that whoever takes it shall answer first; `policy` goes with the connections it makes;
    `mediator` is the connection with the mediator through which we are reached, None for our own door.
    """

    goal_code: str = ""
    goal: str = ""
    label: str = ""
    multi_use: bool = False
    seconds: int | None = None
    request: Mapping[str, Any] | None = None
    policy: Mapping[str, Any] | None = None
    mediator: UUID | None = None


@dataclass(frozen=True, slots=True)
class CreatedInvitation:
    """The invitation with its URLs, and the connection that is "invited" until it is taken."""

    connection: UUID
    url: str
    short_url: str
    invitation: Mapping[str, Any]


async def create_invitation(scope: Scope, request: CreateInvitation) -> CreatedInvitation:
    """Make a DID for it and store both. A DID's keys are made before the transaction begins.

    Raises FeatureOff, NoConnection, Undeliverable for a mediator that does not route.
    """
    scope.catalogue.tenant.require(MESSAGING)
    policy = request.policy or {}
    # Whoever is mediated for holds a line open.
    own = await reachable_did(scope, request.mediator, sockets=policy.get(MEDIATE) is True)
    row = new_id(scope)
    invitation = Invitation(
        str(new_id(scope)), own.did, request.goal_code, request.goal, request.label, request.request
    )
    message = out_of_band.render(invitation)
    connection = Connection(
        id=row,
        version=2,
        protocol=out_of_band.OutOfBand.identifier,
        state="invited",
        own_did=own.id,
        invitation_id=invitation.id,
        invitation=message,
        multi_use=request.multi_use,
        policy=policy,
        data={"mediator": str(request.mediator)} if request.mediator else {},
        expires=scope.now() + timedelta(seconds=request.seconds) if request.seconds is not None else None,
    )
    async with scope.unit() as unit:
        await unit.connections.add_own_did(own)
        await unit.connections.add(connection)
        unit.record(AuditEvent("didcomm.invited", "connection", row, "create", row, {"version": 2}))
        await unit.commit()
    base = endpoint_of(scope)
    url, short = out_of_band.url(base, render_json(dict(message))), out_of_band.short_url(base, invitation.id)
    return CreatedInvitation(row, url, short, message)
