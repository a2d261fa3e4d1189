"""POST /didcomm: one encrypted message is opened, handled once, and answered later or on the same connection."""

from dataclasses import replace

from agent.audit import SecurityEvent
from agent.operations.messaging.identity import identity_of
from agent.operations.messaging.open_envelope import open_envelope
from agent.operations.messaging.pack_message import pack_message
from agent.operations.messaging.threads import new_id, protocol_of, settle, write
from agent.scope import Conflict, Scope
from agent.scope.messaging import Identity, Step, Thread
from protocols.did import DidNotFound
from protocols.didcomm.catalog import report_problem
from protocols.didcomm.catalog.report_problem import ReportProblem
from protocols.didcomm.ciphers import CannotOpen
from protocols.didcomm.envelope import MAX_BYTES, Inconsistent, Received
from protocols.didcomm.message import Message
from protocols.didcomm.protocol import (
    Feature,
    ThreadState,
    Transition,
)
from protocols.errors import Malformed, ProtocolError

_ATTEMPTS = 3
_SKEW = 300


class NotCurrent(ProtocolError):
    """The message has expired, or is from the future."""

    code = "e.p.req.time"


async def receive_message(scope: Scope, octets: bytes) -> bytes | None:
    """Take a message; the reply if it goes back on this connection (return_route).

    Raises CannotOpen, NotCurrent, Replayed. What an authenticated sender does wrong within a protocol is answered by a
    problem report instead.
    """
    identity = await identity_of(scope)
    received = await _open(scope, identity, octets)
    _require_current(received.message, int(scope.now().timestamp()))
    for attempt in range(_ATTEMPTS):
        try:
            return await _take(scope, identity, received)
        except Conflict:
            # Another message of the thread was faster: look again at where it stands.
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError


async def _open(scope: Scope, identity: Identity, octets: bytes) -> Received:
    try:
        received = await open_envelope(scope, identity, octets)
    except Inconsistent as error:
        async with scope.unit() as unit:
            unit.alarm(SecurityEvent("high", "spoofing", "didcomm_inconsistent"))
            await unit.commit()
        raise CannotOpen(error.detail) from None
    if not received.sender:
        # Nothing here is for strangers; `from` without a key behind it is a claim and no sender.
        raise CannotOpen("no authenticated sender")
    return received


def _require_current(message: Message, now: int) -> None:
    if message.expires_time is not None and message.expires_time <= now:
        raise NotCurrent("expired")
    if message.created_time is not None and message.created_time > now + _SKEW:
        raise NotCurrent("from the future")


def features(scope: Scope) -> tuple[Feature, ...]:
    """What we tell that we can do (Discover Features 2.0)."""
    protocols = sorted(scope.plugins["didcomm_protocols"].values(), key=lambda protocol: protocol.identifier)
    return (
        *(Feature("protocol", protocol.identifier, protocol.roles) for protocol in protocols),
        Feature("header", "return_route"),
        Feature("constraint", "max_receive_bytes", value=str(MAX_BYTES)),
    )


async def _take(scope: Scope, identity: Identity, received: Received) -> bytes | None:
    thread, transition = await _advance(scope, received)
    returned = received.message.headers.get("return_route") in ("all", "thread")
    written = [write(scope, identity, thread, outgoing) for outgoing in transition.send]
    reply = None
    if written and returned:
        # One response carries one message; the others take the long way. Packed before anything is settled, because
        # no transaction waits for a key store: who loses the settling has sent nothing.
        reply = await _pack(scope, identity, written[0].message)
        written[0] = replace(written[0], returned=reply is not None)
    taken = (new_id(scope), received.message)
    await settle(scope, "didcomm.received", Step(thread, transition.state, transition.closed, taken, tuple(written)))
    return reply


async def _pack(scope: Scope, identity: Identity, message: Message) -> bytes | None:
    try:
        return await pack_message(scope, identity, message)
    except (DidNotFound, Malformed):
        return None


async def _advance(scope: Scope, received: Received) -> tuple[Thread, Transition]:
    """The thread and what the message makes of it; a refusal becomes a report in a thread of its own."""
    message = received.message
    try:
        protocol = protocol_of(scope, message.type)
        thread = await _thread(scope, received, protocol.identifier)
        return thread, protocol.receive(thread.state, received, features(scope))
    except ProtocolError as error:
        if isinstance(error, Conflict) or message.type == report_problem.PROBLEM_REPORT:
            raise
        apart = replace(await _thread(scope, received, ReportProblem.identifier), pthid=message.thread)
        return apart, Transition(ThreadState("notifier", "completed"), (report_problem.report(error),), closed=True)


async def _thread(scope: Scope, received: Received, protocol: str) -> Thread:
    async with scope.unit() as unit:
        found: Thread | None = await unit.conversations.thread(received.sender, received.message.thread, protocol)
    new = Thread(new_id(scope), received.sender, received.message.thread, protocol, pthid=received.message.pthid)
    return found or new
