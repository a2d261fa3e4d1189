"""GET /didcomm?_oobid=...: an invitation of ours behind its short URL."""

from collections.abc import Mapping
from typing import Any

from agent.scope import Scope
from agent.scope.connections import Connection
from protocols.errors import ProtocolError


class NoInvitation(ProtocolError):
    """There is no such invitation."""

    code = "not_found"
    status = 404


async def serve_invitation(scope: Scope, invitation_id: str) -> Mapping[str, Any]:
    """The message of an invitation that can still be taken. Raises NoInvitation, the same for every cause."""
    async with scope.unit() as unit:
        found: Connection | None = await unit.connections.invited(invitation_id)
    if found is None or found.state != "invited" or (found.expires is not None and found.expires <= scope.now()):
        raise NoInvitation("unknown, taken or expired")
    return found.invitation
