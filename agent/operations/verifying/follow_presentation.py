"""GET /presentation-requests/{presentation}/events: server-sent events of a transaction, until it ends.

Who waits says so in the transaction's row, and the statement that ends it gives notice to every process: no wait polls.
"""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

from agent.operations.verifying.presentation_result import NoSuchPresentation
from agent.scope import Scope
from agent.scope.verifying import PresentationResult, name_of
from protocols.encoding import render_json

LONGEST = 50.0
"""Seconds that one stream lives: its reader comes back, and shows its key again, which may be revoked by then."""
BEAT = 15.0
_ENDS = frozenset({"verified", "collected", "refused", "expired", "cancelled"})


async def follow_presentation(scope: Scope, request: UUID) -> AsyncGenerator[bytes]:
    """The events' bytes: one for the state now, one for each that follows. Raises NoSuchPresentation at once."""
    found = await _watched(scope, request)
    return _events(scope, request, found)


async def _watched(scope: Scope, request: UUID) -> PresentationResult:
    """The state as it is, and a notice of what comes."""
    async with scope.unit() as unit:
        await unit.presentations.watch(request)
        found: PresentationResult | None = await unit.presentations.result(request, disclosed=False)
        await unit.commit()
    if found is None:
        raise NoSuchPresentation()
    return found


async def _events(scope: Scope, request: UUID, found: PresentationResult) -> AsyncGenerator[bytes]:
    began = scope.now()
    if scope.wakeups is None:
        raise RuntimeError("a process that nothing wakes")
    with scope.wakeups.on(name_of(request)) as event:
        # Between the first look and this line somebody may have ended it.
        found = await _read(scope, request, found)
        yield _event(found)
        while found.state not in _ENDS:
            left = LONGEST - (scope.now() - began).total_seconds()
            until_expiry = (found.expires_at - scope.now()).total_seconds()
            if left <= 0:
                return
            heard = await _wait(event, max(0.05, min(BEAT, left, until_expiry + 0.05)))
            latest = await _read(scope, request, found) if heard or until_expiry <= BEAT else found
            if latest.state != found.state:
                yield _event(latest)
            elif not heard:
                yield b":\n\n"
            found = latest


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    """Whether it was called within the time; the next wait is for the next call."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    event.clear()
    return True


async def _read(scope: Scope, request: UUID, before: PresentationResult) -> PresentationResult:
    async with scope.unit() as unit:
        found: PresentationResult | None = await unit.presentations.result(request, disclosed=False)
    return found or before


def _event(found: PresentationResult) -> bytes:
    """Ids and code words: what was disclosed is asked for by itself."""
    told = {"presentation_id": str(found.id), "state": found.state, "errors": list(found.errors)}
    return b"event: state\nid: " + found.state.encode() + b"\ndata: " + render_json(told) + b"\n\n"
