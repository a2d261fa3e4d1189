"""A killable pool of processes for work that an attacker can make slow."""

import asyncio
import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

STARTS_WITHIN = 60.0
_BEGUN = "begun"


def _serve(pipe: Connection) -> None:
    while True:
        try:
            function, arguments = pipe.recv()
        except EOFError:
            return
        # What was received is imported by now: a child that has only just started is not late with its work.
        pipe.send(_BEGUN)
        try:
            pipe.send((True, function(*arguments)))
        except Exception as error:
            pipe.send((False, error))


class _Child:
    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float) -> Any:
        self.pipe.send((function, arguments))
        if not self.pipe.poll(STARTS_WITHIN) or self.pipe.recv() != _BEGUN or not self.pipe.poll(seconds):
            self.kill()
            raise TimeoutError("sandboxed work took too long")
        fine, value = self.pipe.recv()
        if fine:
            return value
        raise value

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


LONG = 1.0
"""Work that may take more seconds than this waits for work of its kind alone, never quick work for it."""


class ProcessSandbox:
    """`ports.Sandbox`: at most `size` children for quick work and `long` for long; started when first needed, replaced
    when killed."""

    def __init__(self, size: int = 1, long: int = 1) -> None:
        self._quick, self._long = asyncio.Semaphore(size), asyncio.Semaphore(long)
        self._idle: list[_Child] = []

    async def run(self, function: Callable[..., Any], *arguments: Any, seconds: float = 1.0) -> Any:
        """Run a module-level function in a child. Raises TimeoutError after killing it, else what it raised."""
        async with self._long if seconds > LONG else self._quick:
            child = self._idle.pop() if self._idle else await asyncio.to_thread(_Child)
            try:
                result = await asyncio.to_thread(child.call, function, arguments, seconds)
            except BaseException:
                if child.process.is_alive():
                    self._idle.append(child)
                raise
            self._idle.append(child)
            return result

    def close(self) -> None:
        """End every child."""
        while self._idle:
            self._idle.pop().kill()
