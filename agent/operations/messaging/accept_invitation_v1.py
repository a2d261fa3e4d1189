"""We take an invitation of DIDComm v1: over a connection that stands, or with a handshake (RFC 0434)."""

from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.messaging import attached_requests
from agent.operations.messaging.accept_invitation import AcceptInvitation
from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.envelope_v1 import key_of, services_of, stored
from agent.operations.messaging.handshakes import old_connection
from agent.operations.messaging.identity import create_own_did_v1, identity_from
from agent.operations.messaging.threads import new_id
from agent.scope import Conflict, Scope
from agent.scope.connections import Connection
from protocols.didcomm.catalog import connections_1, did_exchange, out_of_band_1
from protocols.didcomm.catalog.out_of_band import InvalidInvitation
from protocols.didcomm.catalog.out_of_band_1 import Invitation
from protocols.didcomm.v1 import services
from protocols.didcomm.v1.pack import verkey
from protocols.didcomm.v1.services import Service


async def accept_invitation_v1(scope: Scope, request: AcceptInvitation) -> UUID:
    """Ask for re-use of the connection with the same DID, or store a new one and queue its request; the connection.

    Raises InvalidInvitation, DidNotFound, UnsupportedAlgorithm, Conflict when it was taken already.
    """
    invitation = out_of_band_1.parse_url(request.url)
    if request.goal_codes is not None and invitation.goal_code not in request.goal_codes:
        raise InvalidInvitation("goal code is not one that we take")
    protocol = _handshake(invitation)
    standing = await _standing(scope, invitation)
    if standing is not None:
        await begin_protocol(
            scope, BeginProtocol(standing.id, "out-of-band-1", {"pthid": invitation.id}, invitation.id)
        )
        return standing.id
    their_did, found = await _inviter(scope, invitation)
    # A name that a peer chose is no name of ours: with the DID that spoke it, it is.
    name = f"{their_did}/{invitation.id}"
    async with scope.unit() as unit:
        if await unit.connections.invited(name):
            raise Conflict("invitation was taken already")
    own = await create_own_did_v1(scope)
    identity = identity_from(own)
    row = new_id(scope)
    connection = Connection(
        id=row,
        version=1,
        protocol=protocol,
        state="requested",
        own_did=own.id,
        their_did=their_did,
        label=request.label or invitation.label,
        invitation_id=name,
        invitation=out_of_band_1.render(invitation),
        data=stored(found),
    )
    async with scope.unit() as unit:
        await unit.connections.add_own_did(own, (verkey(key_of(identity).jwk),))
        await unit.connections.add(connection)
        unit.record(AuditEvent("didcomm.accepted", "connection", row, "create", row, {"version": 1}))
        await unit.commit()
    label = scope.tenant.name
    if protocol == connections_1.IDENTIFIER:
        old = {"label": label, "connection": old_connection(scope, identity)}
        await begin_protocol(scope, BeginProtocol(row, "connections-1", old, invitation.id))
    else:
        told = {"label": label, "did": identity.did, "pthid": invitation.id}
        await begin_protocol(scope, BeginProtocol(row, "did-exchange", told, invitation.id))
    for request_ in invitation.requests:
        await attached_requests.take(scope, row, invitation.id, request_)
    return row


def _handshake(invitation: Invitation) -> str:
    """The first protocol of the inviter's that we speak. Raises InvalidInvitation."""
    for stated in invitation.handshake_protocols:
        if stated.startswith("https://didcomm.org/didexchange/1."):
            return did_exchange.IDENTIFIER
        if stated == connections_1.IDENTIFIER:
            return connections_1.IDENTIFIER
    raise InvalidInvitation("no handshake that we speak")


async def _standing(scope: Scope, invitation: Invitation) -> Connection | None:
    """A connection with a DID of the inviter's. Keys of invitations are of one invitation each, and lead to none."""
    for service in invitation.services:
        if isinstance(service, str):
            async with scope.unit() as unit:
                known: list[Connection] = await unit.connections.with_peer(service)
            for connection in known:
                if (connection.version, connection.state) == (1, "completed"):
                    return connection
    return None


async def _inviter(scope: Scope, invitation: Invitation) -> tuple[str, tuple[Service, ...]]:
    """Whom the request goes to: the first service that can be used, by its DID or its key."""
    for service in invitation.services:
        if isinstance(service, Service):
            return services.did_key(service.recipient_keys[0]), (service,)
        found = await services_of(scope, service)
        if found:
            return service, found
    raise InvalidInvitation("no service that we can use")
