"""What protocols ask and only the agent can answer: each kind of question with the operation that answers it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from agent.operations.messaging.envelope import Arrival
from agent.scope import Scope
from agent.scope.messaging import Thread
from protocols.didcomm.protocol import Transition

Effect = Callable[[Any], Awaitable[None]]
"""Something to do with the unit in the transaction that settles the message."""

Answer = Callable[[Scope, Arrival, Thread, Any], Awaitable[tuple[Any, tuple[Effect, ...]]]]
"""(scope, arrival, thread, question) -> the answer, and effects; what it changes on its own has to bear repetition."""

ANSWERS: Mapping[type, Answer] = {}


async def answered(
    scope: Scope, arrival: Arrival, thread: Thread, protocol: Any, transition: Transition
) -> tuple[Transition, tuple[Effect, ...]]:
    """The transition that counts: the one given, or what the protocol makes of the answers to its questions."""
    effects: tuple[Effect, ...] = ()
    while transition.ask is not None:
        question = transition.ask
        answer, more = await ANSWERS[type(question)](scope, arrival, thread, question)
        transition, effects = protocol.answered(transition.state, question, answer), (*effects, *more)
    return transition, effects
