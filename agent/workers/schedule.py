"""Tasks that come round: each on its own clock, a failure logged and tried again, all ended together."""

import asyncio
import random
from collections.abc import Iterable
from contextlib import suppress
from typing import ClassVar, Protocol

from agent import telemetry


class Task(Protocol):
    """Something done every `seconds`; two processes doing it at once must be harmless."""

    name: ClassVar[str]
    seconds: ClassVar[float]

    async def __call__(self) -> None: ...


async def run_all(tasks: Iterable[Task], stopping: asyncio.Event) -> None:
    """Run every task until `stopping` is set."""
    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(_keep(task, stopping))


async def _keep(task: Task, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            await task()
        except Exception:
            telemetry.failure("task_failed", task=task.name)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), task.seconds * random.uniform(0.9, 1.1))  # noqa: S311  # jitter
