"""Months ahead, the replay ring, rows past their end: what the database's own functions do when asked."""

from typing import ClassVar

from agent.storage.pool import Pool

MONTHS_AHEAD = 3


class Housekeeping:
    """`schedule.Task` of the maintenance role."""

    name: ClassVar[str] = "housekeeping"
    seconds: ClassVar[float] = 600

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __call__(self) -> None:
        """Each in a transaction of its own; all may run twice."""
        await self._pool.execute("SELECT agent.ensure_months($1)", MONTHS_AHEAD)
        await self._pool.execute("SELECT agent.turn_replay_ring()")
        await self._pool.execute("SELECT agent.expire($1)", 10_000)
