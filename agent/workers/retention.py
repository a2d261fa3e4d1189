"""Retention, round after round: months leave the database, segments move and go."""

from typing import ClassVar

from agent.lifecycle.archive import Archiver


class Retention:
    """`schedule.Task`: one round over all tenants."""

    name: ClassVar[str] = "retention"
    seconds: ClassVar[float] = 6 * 3600

    def __init__(self, archiver: Archiver) -> None:
        self._archiver = archiver

    async def __call__(self) -> None:
        """What `retention plan` announces."""
        await self._archiver.run()
