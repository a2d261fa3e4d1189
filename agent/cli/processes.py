"""Processes: run until told to stop, alone or several on one port."""

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

Main = Callable[[asyncio.Event], Awaitable[None]]


def run(main: Main, until_eof: bool) -> None:
    """Run `main(stopping)` on uvloop; SIGTERM, SIGINT and, with `until_eof`, the end of standard input set it."""
    import uvloop

    async def act() -> None:
        stopping, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        if until_eof:
            threading.Thread(target=_await_eof, args=(loop, stopping), daemon=True).start()
        await main(stopping)

    uvloop.run(act())


def _await_eof(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    """The starter's end of the pipe closes when it dies, however it dies."""
    while sys.stdin.buffer.read(4096):
        pass
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(stopping.set)


def run_many(command: list[str], count: int, until_eof: bool) -> None:
    """Keep `count` processes going until told to stop; one that dies is started again."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    if until_eof:
        threading.Thread(target=_read_to_eof, args=(stopping,), daemon=True).start()
    children = [_start(command) for _ in range(count)]
    while not stopping.wait(0.2):
        children = [child if child.poll() is None else _start(command) for child in children]
    stop(children)


def _read_to_eof(stopping: threading.Event) -> None:
    sys.stdin.buffer.read()
    stopping.set()


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603  # ourselves


def stop(children: list[subprocess.Popen[bytes]], seconds: float = 15) -> None:
    """End them: asked first, killed when they do not listen."""
    for child in children:
        if child.stdin:
            child.stdin.close()
        with suppress(ProcessLookupError):
            child.terminate()
    for child in children:
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
