"""Work that an attacker can make slow ends when its time is over."""

import asyncio
import os
import time
from collections.abc import Iterator

import pytest

from agent.sandbox import ProcessSandbox


@pytest.fixture
def sandbox() -> Iterator[ProcessSandbox]:
    made = ProcessSandbox(1)
    yield made
    made.close()


def forever() -> None:
    while True:
        pass


async def test_it_computes_elsewhere_and_is_used_again(sandbox: ProcessSandbox) -> None:
    first = await sandbox.run(os.getpid, seconds=10)
    assert first != os.getpid()
    assert await sandbox.run(os.getpid, seconds=10) == first


async def test_an_error_comes_back_and_the_child_stays(sandbox: ProcessSandbox) -> None:
    child = await sandbox.run(os.getpid, seconds=10)
    with pytest.raises(ValueError, match="invalid literal"):
        await sandbox.run(int, "no number", seconds=10)
    assert await sandbox.run(os.getpid, seconds=10) == child


async def test_what_takes_too_long_is_killed_and_replaced(sandbox: ProcessSandbox) -> None:
    child = await sandbox.run(os.getpid, seconds=10)
    with pytest.raises(TimeoutError):
        await sandbox.run(forever, seconds=0.2)
    assert await sandbox.run(os.getpid, seconds=10) != child
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


async def test_long_work_waits_for_its_like_and_quick_work_waits_for_none(sandbox: ProcessSandbox) -> None:
    # Two children, begun before anything is timed.
    await asyncio.gather(sandbox.run(time.sleep, 0.5, seconds=60), sandbox.run(os.getpid, seconds=0.9))
    long = asyncio.create_task(sandbox.run(time.sleep, 5, seconds=60))
    await asyncio.sleep(0.1)
    for _ in range(3):
        await sandbox.run(os.getpid, seconds=0.9)
    assert not long.done()
    await long
