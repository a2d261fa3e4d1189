"""We begin: the first message of a protocol to a peer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from agent.operations.messaging import attached_requests
from agent.operations.messaging.identity import identity_for
from agent.operations.messaging.questions import Effect
from agent.operations.messaging.threads import new_id, settle, write
from agent.scope import Scope
from agent.scope.connections import Connection
from agent.scope.messaging import Step, Thread
from protocols.did import parse_did
from protocols.didcomm.protocol import DidcommProtocol, UnsupportedMessage
from protocols.errors import ProtocolError


class NoConnection(ProtocolError):
    """There is no such connection."""

    code = "not_found"
    status = 404


@dataclass(frozen=True, slots=True)
class BeginProtocol:
    """Request: the peer's DID or a connection's id, a protocol's plugin name and what it wants to know.

    `pthid` is the thread or invitation that it is below; `please_ack` asks the peer to say that it has the message.
    """

    peer: str | UUID
    protocol: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    pthid: str = ""
    please_ack: bool = False


async def begin_protocol(
    scope: Scope, request: BeginProtocol, effects: tuple[Effect, ...] = (), issuance: UUID | None = None
) -> UUID:
    """Queue the first message, or attach it to an invitation that waits; the thread. `effects` are settled with it,
    `issuance` is what it is about.

    Raises InvalidDid, UnsupportedMessage, InvalidBody, NoConnection.
    """
    step = await prepare_protocol(scope, request, effects, issuance)
    await settle(scope, "didcomm.begun", step)
    return step.thread.id


async def prepare_protocol(
    scope: Scope, request: BeginProtocol, effects: tuple[Effect, ...] = (), issuance: UUID | None = None
) -> Step:
    """The first step of a thread, not settled yet. Raises as `begin_protocol`."""
    connection = await _connection(scope, request.peer)
    peer = connection.their_did if connection else str(request.peer)
    protocol: DidcommProtocol | None = scope.plugins["didcomm_protocols"].get(request.protocol)
    if protocol is None or (connection.version if connection else 2) not in protocol.versions:
        raise UnsupportedMessage("protocol is not switched on")
    waiting = connection is not None and attached_requests.carries(connection)
    if waiting and not getattr(protocol, "acquainted", False):
        raise NoConnection("nobody has taken the invitation")
    if not waiting:
        parse_did(peer)
    transition = protocol.begin(request.parameters)
    if request.please_ack:
        first_ = transition.send[0]
        asking = replace(first_, headers={**first_.headers, "please_ack": [""]})
        transition = replace(transition, send=(asking, *transition.send[1:]))
    identity = await identity_for(scope, connection.own_did if connection else None)
    first, prior = new_id(scope), str(connection.data.get("from_prior", "")) if connection else ""
    row = connection.id if connection else None
    thread = Thread(
        new_id(scope),
        peer,
        str(first),
        protocol.identifier,
        pthid=request.pthid,
        connection=row,
        issuance=issuance,
    )
    written = tuple(write(scope, identity, thread, outgoing, first, prior) for outgoing in transition.send)
    if connection is not None and waiting:
        carrying = attached_requests.attached(connection, written[0].message)
        return Step(thread, transition.state, transition.closed, connections=(carrying,), effects=effects)
    return Step(thread, transition.state, transition.closed, written=written, effects=effects)


async def _connection(scope: Scope, peer: str | UUID) -> Connection | None:
    async with scope.unit() as unit:
        if isinstance(peer, str):
            standing: Connection | None = await unit.connections.between(None, peer)
            return standing
        found: Connection | None = await unit.connections.get(peer)
    if found is None or not (found.their_did or attached_requests.carries(found)):
        raise NoConnection("no such connection")
    if found.state == "abandoned":
        raise NoConnection("the relationship has ended")
    return found
