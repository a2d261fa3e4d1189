"""A DID of ours for a relationship, and the way that it names: our own door, or a mediator that knows of it."""

from uuid import UUID

from agent.operations.messaging.be_mediated import mediation_with, register_recipient
from agent.operations.messaging.identity import create_own_did, didcomm_service, endpoint_of, socket_service
from agent.scope import Scope
from agent.scope.connections import OwnDid


async def reachable_did(scope: Scope, mediator: UUID | None, sockets: bool = False) -> OwnDid:
    """A new DID, not stored yet, with our WebSocket as a second way where `sockets` are wanted.

    Raises NoConnection, Undeliverable when the mediator does not route for it.
    """
    if mediator is None:
        ways = [didcomm_service(endpoint_of(scope)), *([socket_service(scope)] if sockets else [])]
        return await create_own_did(scope, ways)
    mediation = await mediation_with(scope, mediator)
    own = await create_own_did(scope, [didcomm_service(mediation.routing[0])])
    await register_recipient(scope, mediation, own.did)
    return own
