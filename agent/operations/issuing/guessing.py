"""Guessing is counted where it misses, over all processes; too much of it is told to slow down.

What hits is served however much its neighbours guessed: secrets of 256 bits are not found by trying, and nobody is to
be locked out of an offer by somebody else behind the same address. Short transaction codes have a count of their own.
"""

from datetime import timedelta
from typing import Any

from agent.audit import SecurityEvent
from agent.scope import Scope
from protocols.errors import ProtocolError

DURING = timedelta(minutes=10)
MISSES = 30
"""So many in `DURING` are told that they missed; the next ones are told to come back later."""


class TooManyAttempts(ProtocolError):
    """There were too many attempts; try again later."""

    code = "slow_down"
    status = 429

    def headers(self) -> dict[str, str]:
        """When (RFC 9110, 10.2.3)."""
        return {"Retry-After": str(int(DURING.total_seconds()))}


async def count_miss(scope: Scope, kind: str, source: str) -> None:
    """One more of this kind from there. Raises TooManyAttempts; the first of them is a security event."""
    async with scope.unit() as unit:
        found = await count(unit, kind, source)
        if found == MISSES + 1:
            unit.alarm(SecurityEvent("medium", "authentication", f"{kind}_guessed", action="slowed down"))
        await unit.commit()
    if found > MISSES:
        raise TooManyAttempts(kind)


async def count(unit: Any, kind: str, source: str) -> int:
    """The number of this try."""
    found: int = await unit.attempt_counters.count(kind, source, DURING)
    return found
