"""Invalidation between processes: PostgreSQL's NOTIFY for what changes rarely."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg

from agent import telemetry

_LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError)


class Wakeups:
    """Who waits in this process for something that another process may do; a name is an id and no data."""

    def __init__(self) -> None:
        self._events: dict[str, set[asyncio.Event]] = {}

    @contextmanager
    def on(self, name: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the name is called; whoever waits clears it."""
        event = asyncio.Event()
        self._events.setdefault(name, set()).add(event)
        try:
            yield event
        finally:
            waiting = self._events[name]
            waiting.discard(event)
            if not waiting:
                del self._events[name]

    def wake(self, name: str) -> None:
        """Call a name."""
        for event in self._events.get(name, ()):
            event.set()

    def wake_all(self) -> None:
        """Calls may have been missed: everybody looks."""
        for name in list(self._events):
            self.wake(name)


class Listener:
    """Listens on one connection of its own.

    `on_message(channel, payload)` runs for each notice; `on_gap()` when the line was lost and notices may have been
    missed, so that whoever caches drops everything.
    """

    def __init__(
        self, dsn: str, channels: tuple[str, ...], on_message: Callable[[str, str], None], on_gap: Callable[[], None]
    ) -> None:
        self._dsn, self._channels, self._on_message, self._on_gap = dsn, channels, on_message, on_gap
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen before returning, then keep listening."""
        connection = await self._connect()
        self._task = asyncio.create_task(self._keep(connection))

    async def stop(self) -> None:
        """End the task and its connection."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _connect(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(self._dsn, server_settings={"application_name": "chancery signals"})
        for channel in self._channels:
            await connection.add_listener(channel, self._received)
        return connection

    def _received(self, _connection: Any, _pid: int, channel: str, payload: object) -> None:
        self._on_message(channel, str(payload))

    async def _keep(self, connection: asyncpg.Connection) -> None:
        try:
            while True:
                await asyncio.sleep(2)
                try:
                    await connection.fetchval("SELECT 1", timeout=5)
                except _LOST:
                    telemetry.log("signals_lost")
                    self._on_gap()
                    connection = await self._reconnect()
                    self._on_gap()
        finally:
            await connection.close(timeout=2)

    async def _reconnect(self) -> asyncpg.Connection:
        while True:
            try:
                return await self._connect()
            except (OSError, asyncpg.PostgresError, TimeoutError):
                await asyncio.sleep(1)
