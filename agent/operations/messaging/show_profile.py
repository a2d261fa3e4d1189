"""The profile that we show to peers: the tenant's name, as it is shown to people."""

from typing import Any

from agent.operations.messaging.envelope import Arrival
from agent.operations.messaging.questions import Effect
from agent.scope import Scope
from agent.scope.messaging import Thread
from protocols.didcomm.catalog.user_profile import ProfileAsked


async def show_profile(
    scope: Scope, arrival: Arrival, _thread: Thread, _question: ProfileAsked
) -> tuple[Any, tuple[Effect, ...]]:
    """Only to a peer with a connection: a stranger is told nothing."""
    if arrival.connection is None:
        return {}, ()
    return {"displayName": scope.catalogue.verifier_name}, ()
