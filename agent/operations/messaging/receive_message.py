"""POST /didcomm: one encrypted message is opened, handled once, and answered later or on the same connection."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from agent.audit import SecurityEvent
from agent.operations.messaging import handshakes
from agent.operations.messaging.acknowledging import acknowledged, noted, with_ack
from agent.operations.messaging.answers import answered
from agent.operations.messaging.envelope import Arrival
from agent.operations.messaging.forward_message import forward_message
from agent.operations.messaging.relationships import Met, ended_by_peer, met
from agent.operations.messaging.returning import again, packed, returned, returns, speaking
from agent.operations.messaging.threads import new_id, protocol_of, settle, write
from agent.operations.messaging.versions import fitting
from agent.scope import Conflict, Scope
from agent.scope.messaging import Replayed, Step, Thread
from agent.scope.sessions import Session
from agent.scope.settings import MESSAGING
from protocols.didcomm.catalog import report_problem, report_problem_1
from protocols.didcomm.catalog.report_problem import ReportProblem
from protocols.didcomm.catalog.report_problem_1 import ReportProblem1
from protocols.didcomm.catalog.routing import forward_of, is_forward
from protocols.didcomm.ciphers import CannotOpen
from protocols.didcomm.envelope import MAX_BYTES, Inconsistent
from protocols.didcomm.http import Returned
from protocols.didcomm.message import Message
from protocols.didcomm.protocol import (
    Feature,
    OutOfOrder,
    ThreadState,
    Transition,
)
from protocols.errors import ProtocolError

Effects = tuple[Callable[[Any], Awaitable[None]], ...]
_ATTEMPTS = 3
_DEEPEST = 2
# In version 1 every protocol may have one of its own. None is ever answered by another.
_REPORTS = frozenset({"problem-report", "problem_report"})
_SKEW = 300


class NotCurrent(ProtocolError):
    """The message has expired, or is from the future."""

    code = "e.p.req.time"


async def receive_posted(scope: Scope, octets: bytes) -> Returned | None:
    """Take a message that was posted: its connection takes one answer. See `receive_message`."""
    return await receive_message(scope, octets, Session(stays=False))


async def receive_message(
    scope: Scope, octets: bytes, session: Session | None = None, depth: int = 0
) -> Returned | None:
    """Take a message; the reply if it goes back on this connection (return_route).

    `session` is the connection, None where nothing can go back on it; `depth` how many forwards were around the
    message. Raises CannotOpen, NotCurrent, Replayed, QueueFull, FeatureOff. What an authenticated sender does wrong
    within a protocol is answered by a problem report instead.
    """
    scope.catalogue.tenant.require(MESSAGING)
    arrival = replace(await _open(scope, octets), session=session)
    message = arrival.received.message
    _require_current(message, int(scope.now().timestamp()))
    if is_forward(message):
        ours = await forward_message(scope, forward_of(message), arrival.received.sender)
        if ours and (depth >= _DEEPEST or len(ours) > 1):
            raise CannotOpen("wrapped too often")
        # The connection is with whoever sent it on.
        return await receive_message(scope, ours[0], None, depth + 1) if ours else None
    if not arrival.received.sender and message.from_prior:
        await ended_by_peer(scope, arrival.identity.own, message.from_prior)
        return None
    if not arrival.received.sender:
        # Nothing else is for strangers; `from` without a key behind it is a claim and no sender.
        raise CannotOpen("no authenticated sender")
    for attempt in range(_ATTEMPTS):
        try:
            return await _answered(scope, await _met(scope, arrival))
        except Conflict:
            # Another message of the thread or of the relationship was faster: look again at where they stand.
            if attempt == _ATTEMPTS - 1:
                raise
            arrival = replace(await _open(scope, octets), session=session)
    raise AssertionError


async def _answered(scope: Scope, meeting: Met) -> Returned | None:
    try:
        return await _take(scope, meeting)
    except Replayed:
        # The DID that it comes from this time may be a new one.
        await _keep(scope, meeting)
        return await again(scope, meeting.arrival)


async def _met(scope: Scope, arrival: Arrival) -> Met:
    """Version 1 has handshakes where version 2 has DIDs in every message."""
    return await (handshakes.met if arrival.version == 1 else met)(scope, arrival)


async def _open(scope: Scope, octets: bytes) -> Arrival:
    try:
        arrival = await fitting(octets).open(scope, octets)
    except Inconsistent as error:
        async with scope.unit() as unit:
            unit.alarm(SecurityEvent("high", "spoofing", "didcomm_inconsistent"))
            await unit.commit()
        raise CannotOpen(error.detail) from None
    return arrival


def _require_current(message: Message, now: int) -> None:
    if message.expires_time is not None and message.expires_time <= now:
        raise NotCurrent("expired")
    if message.created_time is not None and message.created_time > now + _SKEW:
        raise NotCurrent("from the future")


def features(scope: Scope, version: int) -> tuple[Feature, ...]:
    """What we tell that we can do (Discover Features 2.0), to a peer that speaks this version of DIDComm."""
    spoken = (one for one in scope.plugins["didcomm_protocols"].values() if version in one.versions)
    protocols = sorted(spoken, key=lambda protocol: protocol.identifier)
    return (
        *(Feature("protocol", protocol.identifier, protocol.roles) for protocol in protocols),
        Feature("header", "return_route"),
        Feature("constraint", "max_receive_bytes", value=str(MAX_BYTES)),
    )


async def _take(scope: Scope, meeting: Met) -> Returned | None:
    arrival, received = meeting.arrival, meeting.arrival.received
    thread, transition, effects = await _advance(scope, arrival)
    effects = (*meeting.effects, *effects)
    back = returns(arrival)
    if thread.transient:
        return await _answer_at_once(scope, meeting, thread, transition, effects)
    identity, prior = await speaking(scope, arrival)
    arrival = replace(arrival, identity=identity)
    # Version 1 has its own word for it, in the protocols that want one.
    acks = await acknowledged(scope, arrival) if arrival.version == 2 else ()
    sending = with_ack(transition.send, acks)
    written = [write(scope, identity, thread, outgoing, from_prior=prior) for outgoing in sending]
    effects = (*effects, *noted(arrival))
    octets = None
    if written and back:
        # One response carries one message; the others take the long way. Packed before anything is settled, because
        # no transaction waits for a key store: who loses the settling has sent nothing.
        octets = await packed(scope, arrival, written[0].message)
        written[0] = replace(written[0], returned=octets is not None)
    taken = (new_id(scope), received.message)
    step = Step(
        thread,
        transition.state,
        transition.closed,
        taken,
        tuple(written),
        meeting.connections,
        effects,
    )
    await settle(scope, "didcomm.received", step)
    return returned(scope, octets, written[0].id) if octets else None


async def _answer_at_once(
    scope: Scope, meeting: Met, thread: Thread, transition: Transition, effects: Effects
) -> Returned | None:
    """A message about the channel leaves no trace in conversations; without return_route nothing is answered, for an
    answer that waits would be wrong by the time it comes."""
    arrival, octets = meeting.arrival, None
    # Agents of version 1 pick up without saying return_route, and read the answer of their POST all the same.
    if transition.send and (returns(arrival) or (arrival.version == 1 and arrival.session is not None)):
        written = write(scope, arrival.identity, thread, transition.send[0])
        octets = await packed(scope, arrival, written.message)
    await _keep(scope, replace(meeting, effects=effects))
    return Returned(octets) if octets else None


async def _keep(scope: Scope, meeting: Met) -> None:
    """What a message makes of its relationship, where nothing else is stored with it."""
    if not meeting.connections and not meeting.effects:
        return
    async with scope.unit() as unit:
        for connection in meeting.connections:
            await (unit.connections.add if connection.row_version is None else unit.connections.settle)(connection)
        for effect in meeting.effects:
            await effect(unit)
        await unit.commit()


async def _advance(scope: Scope, arrival: Arrival) -> tuple[Thread, Transition, Effects]:
    """The thread and what the message makes of it; a refusal becomes a report in a thread of its own."""
    received, message = arrival.received, arrival.received.message
    try:
        protocol = protocol_of(scope, message.type, arrival.version)
        if getattr(protocol, "acquainted", False) and arrival.connection is None:
            raise OutOfOrder("for connections alone")
        thread = await _thread(scope, arrival, protocol.identifier)
        begun = protocol.receive(thread.state, received, features(scope, arrival.version))
        transition, effects = await answered(scope, arrival, thread, protocol, begun)
    except ProtocolError as error:
        if isinstance(error, Conflict) or message.name in _REPORTS:
            raise
        old = arrival.version == 1
        identifier = ReportProblem1.identifier if old else ReportProblem.identifier
        apart = replace(await _thread(scope, arrival, identifier), pthid=message.thread)
        said = (report_problem_1 if old else report_problem).report(error)
        report = Transition(ThreadState("notifier", "completed"), (said,), closed=True)
        return apart, report, ()
    else:
        return replace(thread, transient=getattr(protocol, "transient", False)), transition, effects


async def _thread(scope: Scope, arrival: Arrival, protocol: str) -> Thread:
    received = arrival.received
    connection = arrival.connection.id if arrival.connection else None
    wanted = Thread(
        new_id(scope),
        received.sender,
        received.message.thread,
        protocol,
        pthid=received.message.pthid,
        connection=connection,
    )
    async with scope.unit() as unit:
        found: Thread = await unit.conversations.thread(wanted)
    return found
