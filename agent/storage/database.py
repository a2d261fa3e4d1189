"""Connections: one pool for each runtime role, with codecs and without session state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg
import orjson

if TYPE_CHECKING:
    from agent.storage.statements import Connection


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_jsonb, decoder=lambda data: orjson.loads(data[1:]), format="binary"
    )


def _jsonb(value: Any) -> bytes:
    return b"\x01" + orjson.dumps(value)


async def _reset(connection: Connection) -> None:
    """Give a connection back clean. Only transaction-local settings exist, so ending the transaction is enough."""
    if connection.is_in_transaction():
        await connection.execute("ROLLBACK")


async def open_pool(dsn: str, size: int, role: str | None = None) -> asyncpg.Pool:
    """A pool of at most `size` connections; `role` is taken at the start of each session, where the login may."""
    settings = {"application_name": "chancery", "jit": "off", "search_path": "agent", "timezone": "UTC"}
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        init=_prepare,
        reset=_reset,
        max_inactive_connection_lifetime=300,
        statement_cache_size=512,
        server_settings=settings | ({"role": role} if role else {}),
    )
