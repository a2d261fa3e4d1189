"""A DID of ours for a relationship, and the way that it names: our own door, or a mediator that knows of it."""

from uuid import UUID

from agent.operations.messaging.be_mediated import mediation_with, register_recipient
from agent.operations.messaging.identity import create_own_did, didcomm_service, endpoint_of
from agent.scope import Scope
from agent.scope.connections import OwnDid


async def reachable_did(scope: Scope, mediator: UUID | None) -> OwnDid:
    """A new DID, not stored yet. Raises NoConnection, Undeliverable when the mediator does not route for it."""
    if mediator is None:
        return await create_own_did(scope, [didcomm_service(endpoint_of(scope))])
    mediation = await mediation_with(scope, mediator)
    own = await create_own_did(scope, [didcomm_service(mediation.routing[0])])
    await register_recipient(scope, mediation, own.did)
    return own
