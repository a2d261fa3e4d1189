"""What receiving and beginning have in common: finding the protocol, writing messages, settling a step."""

from uuid import UUID

from agent.audit import AuditEvent
from agent.scope import Scope
from agent.scope.messaging import Identity, Step, Thread, Written
from agent.tenancy import uuid7
from protocols.didcomm.message import Message, parse_type
from protocols.didcomm.protocol import DidcommProtocol, Outgoing, UnsupportedMessage


def new_id(scope: Scope) -> UUID:
    """An id for a row or a message."""
    return uuid7(scope.now(), scope.entropy(10))


def protocol_of(scope: Scope, message_type: str, version: int = 2) -> DidcommProtocol:
    """The protocol of a message type by name and major version, if this DIDComm version may carry it.

    Raises UnsupportedMessage.
    """
    wanted = parse_type(message_type)
    for protocol in scope.plugins["didcomm_protocols"].values():
        found: DidcommProtocol = protocol
        known = parse_type(f"{found.identifier}/message")
        if version in found.versions and (known.protocol, known.major) == (wanted.protocol, wanted.major):
            return found
    raise UnsupportedMessage("protocol is not switched on")


def protocol_by_identifier(scope: Scope, identifier: str) -> DidcommProtocol:
    """The protocol that a stored thread is of. Raises UnsupportedMessage when it is switched off since."""
    for protocol in scope.plugins["didcomm_protocols"].values():
        if protocol.identifier == identifier:
            found: DidcommProtocol = protocol
            return found
    raise UnsupportedMessage("protocol is not switched on")


def write(
    scope: Scope,
    identity: Identity,
    thread: Thread,
    outgoing: Outgoing,
    first: UUID | None = None,
    from_prior: str = "",
) -> Written:
    """A message for the thread's peer; `first` is its id when the message begins the thread.

    `from_prior` is the word of a DID of ours that this one follows.
    """
    message_id = first or new_id(scope)
    # A report opens a thread below the one it is about (Problem Reports); nearly everything else stays in its thread.
    apart = outgoing.apart and first is None
    message = Message(
        id=str(message_id),
        type=outgoing.type,
        body=outgoing.body,
        from_=identity.did,
        to=(thread.peer,),
        thid="" if apart or first else thread.thid,
        pthid=thread.thid if apart else outgoing.pthid or (thread.pthid if first else ""),
        created_time=int(scope.now().timestamp()),
        expires_time=outgoing.expires_time,
        from_prior=from_prior,
        headers=outgoing.headers,
        attachments=outgoing.attachments,
    )
    return Written(message_id, message)


async def settle(scope: Scope, event: str, step: Step) -> None:
    """Store a step with its audit row and outbox, in one transaction. Raises Replayed, Conflict."""
    metadata = {"protocol": step.thread.protocol, "state": step.state.state, "messages": len(step.written)}
    async with scope.unit() as unit:
        await unit.conversations.settle(step)
        unit.record(AuditEvent(event, "thread", step.thread.id, "update", step.thread.id, metadata))
        await unit.commit()
