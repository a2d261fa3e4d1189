"""A pool of connections as bare as a unit of work needs it.

asyncpg's own wraps a connection anew for every use and takes it back in a task of its own: two fifths of the CPU of a
transaction of three exchanges. Here a clean connection is taken from a stack and put back there; one whose user was cut
off is cleaned before anybody else gets it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Self

import asyncpg

if TYPE_CHECKING:
    from types import TracebackType

    from agent.storage.statements import Connection

RESTING_SECONDS = 300.0
"""One that rested longer is not used again: what stands between may have forgotten it."""
CLEANING_SECONDS = 5.0


class Pool:
    """At most `size` connections to one database; who waits for one is served in order."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], size: int) -> None:
        self._connect, self._size = connect, size
        self._loop = asyncio.get_running_loop()
        self._open = 0
        self._idle: list[tuple[float, Connection]] = []
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._cleaning: set[asyncio.Task[None]] = set()
        self._closed: asyncio.Future[None] | None = None

    @property
    def busy(self) -> int:
        """How many connections are out."""
        return self._open - len(self._idle)

    def acquire(self) -> _Lease:
        """A connection for the length of an `async with`, which must leave no transaction open behind it."""
        return _Lease(self)

    async def take(self) -> Connection:
        """A connection, to be given back. Raises asyncpg.InterfaceError when the pool is closed."""
        if self._closed:
            raise asyncpg.InterfaceError("the pool is closed")
        while self._idle:
            since, connection = self._idle.pop()
            if not connection.is_closed() and self._loop.time() - since < RESTING_SECONDS:
                return connection
            self._drop(connection)
        if self._open < self._size:
            self._open += 1
            return await self._opened()
        return await self._turn() or await self._opened()

    def give(self, connection: Connection, cut_off: bool = False) -> None:
        """Back it goes. What a user left behind who was `cut_off`, or in a transaction, is cleared away first."""
        if connection.is_closed():
            self._drop(connection)
        elif cut_off or connection.is_in_transaction():
            task = self._loop.create_task(self._clean(connection))
            self._cleaning.add(task)
            task.add_done_callback(self._cleaning.discard)
        else:
            self._rest(connection)

    async def close(self) -> None:
        """Nobody gets one any more; waits until those that are out have come back."""
        self._closed = self._closed or self._loop.create_future()
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(asyncpg.InterfaceError("the pool is closed"))
        while self._idle:
            connection = self._idle.pop()[1]
            await connection.close(timeout=CLEANING_SECONDS)
            self._vacate()
        if self._open:
            await self._closed

    async def _opened(self) -> Connection:
        """A new connection in a place that is ours."""
        try:
            return await self._connect()
        except BaseException:
            self._vacate()
            raise

    async def _turn(self) -> Connection | None:
        """Wait for a connection that somebody gives back, or for a place to open one in."""
        waiter: asyncio.Future[Connection | None] = self._loop.create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and not waiter.exception():
                connection = waiter.result()  # it was our turn at that very moment
                if connection:
                    self._rest(connection)
                else:
                    self._vacate()
            raise

    def _next(self) -> asyncio.Future[Connection | None] | None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    def _rest(self, connection: Connection) -> None:
        if self._waiting and (waiter := self._next()):
            waiter.set_result(connection)
        elif self._closed:
            self._drop(connection)
        else:
            self._idle.append((self._loop.time(), connection))

    def _drop(self, connection: Connection) -> None:
        connection.terminate()
        self._vacate()

    def _vacate(self) -> None:
        """A connection has gone: its place is the next one's."""
        if waiter := self._next():
            waiter.set_result(None)
            return
        self._open -= 1
        if self._closed and not self._open and not self._closed.done():
            self._closed.set_result(None)

    async def _clean(self, connection: Connection) -> None:
        """End what still runs there, its transaction and its settings. What cannot be cleaned is dropped."""
        try:
            async with asyncio.timeout(CLEANING_SECONDS):
                await connection.execute("ROLLBACK")
                await connection.reset()
        except BaseException as error:
            self._drop(connection)
            if not isinstance(error, Exception):
                raise
        else:
            self._rest(connection)

    async def execute(self, sql: str, *arguments: Any) -> str:
        """As `asyncpg.Connection.execute`, on any connection."""
        async with self.acquire() as connection:
            return await connection.execute(sql, *arguments)

    async def fetch(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """As `asyncpg.Connection.fetch`, on any connection."""
        async with self.acquire() as connection:
            return await connection.fetch(sql, *arguments)

    async def fetchrow(self, sql: str, *arguments: Any) -> asyncpg.Record | None:
        """As `asyncpg.Connection.fetchrow`, on any connection."""
        async with self.acquire() as connection:
            return await connection.fetchrow(sql, *arguments)

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        """As `asyncpg.Connection.fetchval`, on any connection."""
        async with self.acquire() as connection:
            return await connection.fetchval(sql, *arguments)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class _Lease:
    """`async with`: a connection out, and back."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __aenter__(self) -> Connection:
        self._connection = await self._pool.take()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._pool.give(self._connection, cut_off=kind is not None and not issubclass(kind, Exception))
