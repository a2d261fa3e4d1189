"""The operator speaks: a text or a ping to a contact, in the protocol of the contact's DIDComm version."""

from dataclasses import dataclass
from uuid import UUID

from agent.operations.messaging.begin_protocol import BeginProtocol, begin_protocol
from agent.operations.messaging.look import show_contact
from agent.scope import Scope

_TEXT = {1: "basicmessage-1", 2: "basicmessage"}
_PING = {1: "trust-ping-1", 2: "trust-ping"}


@dataclass(frozen=True, slots=True)
class SendText:
    """Request: the contact and what to say."""

    contact: UUID
    content: str


async def send_text(scope: Scope, request: SendText) -> UUID:
    """Queue a text; its thread. Raises NoConnection, UnsupportedMessage."""
    version = (await show_contact(scope, request.contact)).version
    return await begin_protocol(scope, BeginProtocol(request.contact, _TEXT[version], {"content": request.content}))


async def ping(scope: Scope, contact: UUID) -> UUID:
    """Queue a ping that asks for an answer; its thread. Raises NoConnection, UnsupportedMessage."""
    version = (await show_contact(scope, contact)).version
    return await begin_protocol(scope, BeginProtocol(contact, _PING[version]))
