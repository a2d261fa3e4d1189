"""Our side of an interop test: a server as a user starts it, and the `chancery` command beside it."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN = 180
STOPS_WITHIN = 30


class CommandFailed(Exception):
    """A `chancery` verb ended with a code that was not expected; says what it printed."""


class NotReady(Exception):
    """The server did not become ready; says what it printed last."""


@dataclass(frozen=True, slots=True)
class Commands:
    """The `chancery` command, finding its server by the state folder alone."""

    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    async def __call__(self, *words: str, codes: tuple[int, ...] = (0,)) -> Any:
        """Run one verb with `--json` and read what it prints."""
        process = await asyncio.create_subprocess_exec(
            *_chancery(*words, "--json"),
            env=environment(self.home, self.settings),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        printed, complaint = await process.communicate()
        if process.returncode not in codes:
            raise CommandFailed(f"chancery {' '.join(words)} ended {process.returncode}: {complaint.decode().strip()}")
        return json.loads(printed)


def _chancery(*words: str) -> tuple[str, ...]:
    return (str(Path(sys.executable).parent / "chancery"), *words)


def environment(home: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without its Chancery settings, with these instead."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHANCERY_")}
    return kept | {"CHANCERY_HOME": str(home), "PYTHONUNBUFFERED": "1"} | dict(settings)


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def is_ready(url: str) -> bool:
    """Whether a server there says that it can serve."""
    timeout = aiohttp.ClientTimeout(total=2)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{url}/health/ready") as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


async def running(home: Path) -> str | None:
    """The address of the server that `make run` keeps going in this state folder, if there is one."""
    try:
        url = (home / "url").read_text(encoding="utf-8").strip().rstrip("/")
    except OSError:
        return None
    return url if await is_ready(url) else None


class Server:
    """`chancery up` in a state folder of its own, on a free loopback port; gone with everything when left."""

    def __init__(self, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self._folder = tempfile.TemporaryDirectory(prefix="chancery-", ignore_cleanup_errors=True)
        # The embedded database runs as another user when root starts it, and has to reach its files.
        Path(self._folder.name).chmod(0o755)
        self.home = Path(self._folder.name) / "home"
        self._settings = {"CHANCERY_PORT": str(self.port), **settings}
        self.log = Path(self._folder.name) / "log"
        self._process: asyncio.subprocess.Process

    @property
    def commands(self) -> Commands:
        return Commands(self.home)

    async def __aenter__(self) -> Self:
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *_chancery("up"),
                env=environment(self.home, self._settings),
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            await self._wait_until_ready()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while not await is_ready(self.url):
            if self._process.returncode is not None or time.monotonic() > deadline:
                raise NotReady(f"chancery up is not ready:\n{self.log.read_text(errors='replace')[-3000:]}")
            await asyncio.sleep(0.1)

    async def _stop(self) -> None:
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), STOPS_WITHIN)
            except TimeoutError:
                # Its own session: whatever it started goes with it.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                await self._process.wait()
        self._folder.cleanup()
