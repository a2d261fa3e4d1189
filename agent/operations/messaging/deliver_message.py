"""A queued message goes to its addressee, through the mediators that the addressee names."""

from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.messaging.identity import identity_of
from agent.operations.messaging.pack_message import pack_message, wrap
from agent.operations.messaging.peers import resolve
from agent.operations.messaging.receive_message import receive_message
from agent.operations.messaging.threads import new_id
from agent.scope import Scope
from agent.scope.messaging import Undeliverable
from protocols.did import DidNotFound, parse_did_url
from protocols.didcomm import routing
from protocols.didcomm.encrypted import ENCRYPTED
from protocols.didcomm.message import Message
from protocols.didcomm.routing import Endpoint
from protocols.errors import ProtocolError
from protocols.ports import Transport
from protocols.ports.tools import FetchFailed, FetchRefused


async def deliver_message(scope: Scope, message_id: UUID) -> None:
    """Send one queued message; nothing to do when it is queued no more.

    Raises Undeliverable, DidNotFound, FetchFailed: try again later, or `give_up`.
    """
    async with scope.unit() as unit:
        message: Message | None = await unit.conversations.outgoing(message_id)
    if message is None:
        return
    reply = await _send(scope, message)
    await _mark(scope, message_id, delivered=True)
    if reply:
        await _take_reply(scope, reply)


async def give_up(scope: Scope, message_id: UUID) -> None:
    """Mark a message as failed for good. Raises Conflict when it is not queued."""
    await _mark(scope, message_id, delivered=False)


async def _mark(scope: Scope, message_id: UUID, delivered: bool) -> None:
    async with scope.unit() as unit:
        thread = await unit.conversations.sent(message_id, delivered)
        event = "didcomm.sent" if delivered else "didcomm.undeliverable"
        unit.record(AuditEvent(event, "thread", thread, "send", thread, {"message": str(message_id)}))
        await unit.commit()


async def _take_reply(scope: Scope, reply: bytes) -> None:
    """A message on the same connection is worth no more than one at the door, and must not undo the delivery."""
    try:
        await receive_message(scope, reply)
    except ProtocolError:
        return


async def _send(scope: Scope, message: Message) -> bytes | None:
    document = await resolve(scope, message.to[0])
    envelope = await pack_message(scope, await identity_of(scope), message)
    failure: Exception = Undeliverable("addressee has no endpoint that we can use")
    for endpoint in routing.endpoints(document):
        try:
            uri, packed = await _route(scope, endpoint, message.to[0], envelope)
            return await _transport(scope, uri).send(uri, packed, ENCRYPTED)
        except (FetchFailed, FetchRefused, ProtocolError) as error:
            failure = error
    if isinstance(failure, FetchRefused):
        raise Undeliverable("the guard forbids every endpoint")
    raise failure


def _transport(scope: Scope, uri: str) -> Transport:
    scheme = uri.partition(":")[0].lower()
    for transport in scope.plugins["transports"].values():
        found: Transport = transport
        if scheme in found.schemes:
            return found
    raise Undeliverable("no transport for the endpoint")


async def _route(scope: Scope, endpoint: Endpoint, addressee: str, envelope: bytes) -> tuple[str, bytes]:
    """The address to send to and the envelope wrapped for each routing key, from last to first (Routing 2.0)."""
    uri, keys = endpoint.uri, endpoint.routing_keys
    if uri.startswith("did:"):
        uri, keys = await _mediator(scope, uri, keys)
    inner = addressee
    for kid in reversed(keys):
        mediator = parse_did_url(kid).did
        forward = routing.forward(str(new_id(scope)), mediator, inner, envelope)
        envelope = wrap(scope, forward, kid, await resolve(scope, mediator))
        inner = kid
    return uri, envelope


async def _mediator(scope: Scope, did: str, keys: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """A mediator named by its DID: its own address, and its key before the others. One level, so no loop."""
    document = await resolve(scope, did)
    for endpoint in routing.endpoints(document):
        first = routing.agreement_kid(document)
        if not endpoint.uri.startswith("did:") and first:
            return endpoint.uri, (*endpoint.routing_keys, first, *keys)
    raise DidNotFound("mediator has no address")
