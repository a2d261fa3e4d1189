"""A run of a protocol ends before its goal: we say so, or the peer did."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agent.operations.messaging.continue_thread import NotNow, continue_thread
from agent.operations.messaging.envelope import Arrival
from agent.operations.messaging.questions import Effect
from agent.scope import Scope
from agent.scope.messaging import Step, Thread
from protocols.didcomm.catalog.report_problem import Reported
from protocols.didcomm.protocol import Abandonable, ThreadState, Transition


@dataclass(frozen=True, slots=True)
class AbandonThread:
    """Request: the thread, and what the peer is told of why."""

    thread: UUID
    comment: str = ""


async def abandon_thread(scope: Scope, request: AbandonThread) -> UUID:
    """The thread. Raises NoThread, NotNow for one that is over or of a protocol that cannot be ended so."""

    async def move(protocol: Any, state: ThreadState, _thread: Thread) -> tuple[Transition, tuple[Effect, ...]]:
        if not isinstance(protocol, Abandonable) or protocol.over(state):
            raise NotNow("nothing goes on here")
        return protocol.abandon(state, request.comment), ()

    return await continue_thread(scope, request.thread, move)


async def end_reported(scope: Scope, arrival: Arrival, thread: Thread, question: Reported) -> Any:
    """A report about a thread of the same connection ends it, if its protocol can be ended so."""
    wanted = [one for one in scope.plugins["didcomm_protocols"].values() if isinstance(one, Abandonable)]
    effects: list[Effect] = []
    for protocol in wanted if question.pthid and arrival.connection else ():
        named = Thread(thread.id, thread.peer, question.pthid, protocol.identifier, connection=thread.connection)
        async with scope.unit() as unit:
            found: Thread = await unit.conversations.thread(named)
        if found.state is None or protocol.over(found.state):
            continue
        ended = protocol.abandoned_by_peer(found.state, question.code)
        step = Step(found, ended.state, True)

        async def settle(unit: Any, step: Step = step) -> None:
            await unit.conversations.settle(step)

        effects.append(settle)
    return None, tuple(effects)
