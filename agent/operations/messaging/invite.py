"""An invitation of either DIDComm version: what we offer, and what we are offered."""

from uuid import UUID

from agent.operations.messaging.accept_invitation import AcceptInvitation, accept_invitation
from agent.operations.messaging.accept_invitation_v1 import accept_invitation_v1
from agent.operations.messaging.begin_protocol import NoConnection
from agent.operations.messaging.create_invitation import CreatedInvitation, CreateInvitation, create_invitation
from agent.operations.messaging.identity import endpoint_of
from agent.operations.messaging.invite_v1 import invite_v1
from agent.operations.messaging.look import show_contact
from agent.scope import Scope
from protocols.didcomm.catalog import out_of_band, out_of_band_1
from protocols.encoding import render_json


async def invite(scope: Scope, request: CreateInvitation, version: int) -> CreatedInvitation:
    """Invite agents of one version. Raises UnsupportedAlgorithm, NoConnection, Undeliverable."""
    return await (invite_v1 if version == 1 else create_invitation)(scope, request)


async def show_invitation(scope: Scope, contact: UUID) -> CreatedInvitation:
    """An invitation of ours that waits, with the request that it carries. Raises NoConnection."""
    found = await show_contact(scope, contact)
    if found.state != "invited":
        raise NoConnection("no invitation that waits")
    base, octets = endpoint_of(scope), render_json(dict(found.invitation))
    url = (out_of_band_1 if found.version == 1 else out_of_band).url(base, octets)
    return CreatedInvitation(found.id, url, out_of_band.short_url(base, found.invitation_id), found.invitation)


async def accept(scope: Scope, request: AcceptInvitation) -> UUID:
    """Take an invitation, whose URL says its version. Raises as the verb of that version does."""
    return await (accept_invitation_v1 if out_of_band_1.is_url(request.url) else accept_invitation)(scope, request)
