"""Connections: one pool for each runtime role, with codecs and without session state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import orjson

from agent.scope.core import DatabaseGone
from agent.storage.pool import Pool

if TYPE_CHECKING:
    from agent.storage.statements import Connection


def _jsonb(value: Any) -> bytes:
    return b"\x01" + orjson.dumps(value, default=_text)


def _text(value: object) -> str:
    """asyncpg reads a UUID as a kind of its own, which orjson does not know."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)


async def open_pool(dsn: str, size: int, role: str | None = None) -> Pool:
    """A pool of at most `size` connections; `role` is taken at the start of each session, where the login may.

    The first is opened at once, so that a database that cannot be reached is known now.
    """
    pool = Pool(_connecting(dsn, role), size)
    pool.give(await pool.take())
    return pool


def pool_of_one_tenant(dsn: str, size: int, role: str | None = None) -> Pool:
    """The same for a database that may be gone while others are served: nothing is opened before it is needed.

    To take a connection raises DatabaseGone.
    """
    connect = _connecting(dsn, role, 5.0)

    async def reach() -> Connection:
        try:
            return await connect()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            raise DatabaseGone(type(error).__name__) from None

    return Pool(reach, size)


async def speak_json(connection: Connection) -> None:
    """jsonb as Python's own values."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_jsonb, decoder=lambda data: orjson.loads(data[1:]), format="binary"
    )


def _connecting(dsn: str, role: str | None, seconds: float = 60.0) -> Callable[[], Awaitable[Connection]]:
    settings = {"application_name": "chancery", "jit": "off", "search_path": "agent", "timezone": "UTC"}

    async def connect() -> Connection:
        connection = await asyncpg.connect(
            dsn, timeout=seconds, statement_cache_size=512, server_settings=settings | ({"role": role} if role else {})
        )
        await speak_json(connection)
        return connection

    return connect
