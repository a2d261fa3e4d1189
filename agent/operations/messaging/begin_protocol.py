"""We begin: the first message of a protocol to a peer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from agent.operations.messaging.identity import identity_of
from agent.operations.messaging.threads import new_id, settle, write
from agent.scope import Scope
from agent.scope.messaging import Step, Thread
from protocols.did import parse_did
from protocols.didcomm.protocol import DidcommProtocol, UnsupportedMessage


@dataclass(frozen=True, slots=True)
class BeginProtocol:
    """Request: the peer's DID, a protocol's plugin name ("trust-ping") and what it wants to know."""

    peer: str
    protocol: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


async def begin_protocol(scope: Scope, request: BeginProtocol) -> UUID:
    """Queue the first message; the thread. Raises InvalidDid, UnsupportedMessage, InvalidBody."""
    parse_did(request.peer)
    protocol: DidcommProtocol | None = scope.plugins["didcomm_protocols"].get(request.protocol)
    if protocol is None:
        raise UnsupportedMessage("protocol is not switched on")
    identity, transition = await identity_of(scope), protocol.begin(request.parameters)
    first = new_id(scope)
    thread = Thread(new_id(scope), request.peer, str(first), protocol.identifier)
    written = tuple(write(scope, identity, thread, outgoing, first) for outgoing in transition.send)
    await settle(scope, "didcomm.begun", Step(thread, transition.state, transition.closed, written=written))
    return thread.id
