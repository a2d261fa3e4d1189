"""An invitation of ours to agents of DIDComm v1 (RFC 0434): a DID made for whoever takes it, its key in the URL."""

from datetime import timedelta

from agent.audit import AuditEvent
from agent.operations.messaging.create_invitation import CreatedInvitation, CreateInvitation
from agent.operations.messaging.envelope_v1 import key_of
from agent.operations.messaging.identity import create_own_did_v1, endpoint_of, identity_from
from agent.operations.messaging.threads import new_id
from agent.scope import Scope
from agent.scope.connections import Connection
from protocols.didcomm.catalog import out_of_band, out_of_band_1
from protocols.didcomm.catalog.out_of_band_1 import CONNECTIONS, DID_EXCHANGE, Invitation
from protocols.didcomm.v1.pack import verkey
from protocols.didcomm.v1.services import Service
from protocols.encoding import render_json


async def invite_v1(scope: Scope, request: CreateInvitation) -> CreatedInvitation:
    """Make a DID for it and store both; the keys are made before the transaction begins. Raises UnsupportedAlgorithm
    where the key store has no keys for version 1."""
    base = endpoint_of(scope)
    own = await create_own_did_v1(scope)
    key = verkey(key_of(identity_from(own)).jwk)
    row = new_id(scope)
    invitation = Invitation(
        str(new_id(scope)),
        (Service((key,), base),),
        (DID_EXCHANGE, CONNECTIONS),
        request.goal_code,
        request.goal,
        request.label,
        (request.request,) if request.request else (),
    )
    message = out_of_band_1.render(invitation)
    connection = Connection(
        id=row,
        version=1,
        protocol=out_of_band_1.OutOfBand1.identifier,
        state="invited",
        own_did=own.id,
        invitation_id=invitation.id,
        invitation=message,
        multi_use=request.multi_use,
        policy=request.policy or {},
        expires=scope.now() + timedelta(seconds=request.seconds) if request.seconds is not None else None,
    )
    async with scope.unit() as unit:
        await unit.connections.add_own_did(own, (key,))
        await unit.connections.add(connection)
        unit.record(AuditEvent("didcomm.invited", "connection", row, "create", row, {"version": 1}))
        await unit.commit()
    short = out_of_band.short_url(base, invitation.id)
    return CreatedInvitation(row, out_of_band_1.url(base, render_json(message)), short, message)
