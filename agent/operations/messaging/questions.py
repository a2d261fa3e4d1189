"""What protocols ask and only the agent can answer."""

from collections.abc import Awaitable, Callable
from typing import Any

from agent.operations.messaging.envelope import Arrival
from agent.scope import Scope
from agent.scope.messaging import Thread

Effect = Callable[[Any], Awaitable[None]]
"""Something to do with the unit in the transaction that settles the message."""

Answer = Callable[[Scope, Arrival, Thread, Any], Awaitable[tuple[Any, tuple[Effect, ...]]]]
"""(scope, arrival, thread, question) -> the answer, and effects; what it changes on its own has to bear repetition."""
