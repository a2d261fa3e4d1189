"""An invitation of either DIDComm version: what we offer, and what we are offered."""

from uuid import UUID

from agent.operations.messaging.accept_invitation import AcceptInvitation, accept_invitation
from agent.operations.messaging.accept_invitation_v1 import accept_invitation_v1
from agent.operations.messaging.create_invitation import CreatedInvitation, CreateInvitation, create_invitation
from agent.operations.messaging.invite_v1 import invite_v1
from agent.scope import Scope
from protocols.didcomm.catalog import out_of_band_1


async def invite(scope: Scope, request: CreateInvitation, version: int) -> CreatedInvitation:
    """Invite agents of one version. Raises UnsupportedAlgorithm, NoConnection, Undeliverable."""
    return await (invite_v1 if version == 1 else create_invitation)(scope, request)


async def accept(scope: Scope, request: AcceptInvitation) -> UUID:
    """Take an invitation, whose URL says its version. Raises as the verb of that version does."""
    return await (accept_invitation_v1 if out_of_band_1.is_url(request.url) else accept_invitation)(scope, request)
