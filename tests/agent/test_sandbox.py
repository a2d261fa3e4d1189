"""Work that an attacker can make slow ends when its time is over."""

import os
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
