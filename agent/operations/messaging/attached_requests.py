"""Requests that an invitation carries (Out-of-Band Messages; RFC 0434): an offer, or a question for a proof.

What is begun with an invitation that nobody has taken is attached to it, and the thread goes on with whoever takes it.
As invitee the thread begins with the connection; a person looks at it, as at every offer.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from agent.operations.messaging.identity import identity_for
from agent.operations.messaging.threads import new_id, protocol_of, settle
from agent.scope import Scope
from agent.scope.connections import Connection
from agent.scope.messaging import Step, Thread
from protocols.didcomm import message as wire
from protocols.didcomm.envelope import Received, Trail
from protocols.didcomm.message import Message
from protocols.didcomm.protocol import Transition
from protocols.didcomm.v1 import message as wire_1
from protocols.encoding import parse_json_object
from protocols.errors import ProtocolError

_REQUESTS = frozenset({"offer-credential", "request-presentation"})


def carries(connection: Connection) -> bool:
    """Whether a connection is an invitation that nobody has taken, and that one may take."""
    return connection.state == "invited" and not connection.multi_use and not connection.their_did


def attached(invitation: Connection, message: Message) -> Connection:
    """The invitation with a message as its request, in place of the one that it had."""
    message = replace(message, to=(), from_="")
    request = wire_1.plain(message) if invitation.version == 1 else parse_json_object(wire.render(message))
    one: dict[str, Any] = {"data": {"json": request}}
    if invitation.version == 1:
        listed = {"requests~attach": [{"@id": "request-0", "mime-type": "application/json", **one}]}
    else:
        listed = {"attachments": [{"id": "request", "media_type": "application/json", **one}]}
    return replace(invitation, invitation={**invitation.invitation, **listed})


async def take(scope: Scope, row: UUID, invitation_id: str, found: Mapping[str, Any] | None) -> None:
    """Begin the thread of a request that came with an invitation; what is no request that we know begins nothing."""
    async with scope.unit() as unit:
        connection: Connection = await unit.connections.get(row)
    identity = await identity_for(scope, connection.own_did)
    try:
        message = (wire_1.of if connection.version == 1 else wire.of)(found or {})
        protocol = protocol_of(scope, message.type, connection.version)
        if message.name not in _REQUESTS or message.from_ not in ("", connection.their_did):
            return
        received = Received(replace(message, thid=""), Trail(), connection.their_did, identity.did)
        transition: Transition = protocol.receive(None, received, ())
    except ProtocolError:
        return
    thread = Thread(
        new_id(scope),
        connection.their_did,
        message.id,
        protocol.identifier,
        pthid=invitation_id,
        connection=row,
    )
    taken = (new_id(scope), received.message)
    await settle(scope, "didcomm.received", Step(thread, transition.state, transition.closed, taken))
