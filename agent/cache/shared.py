"""L2: sealed values in Redis that processes share. Without Redis, or with one that lies, everything is only slower."""

import time
from contextlib import suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

_WAIT_SECONDS = 0.25
_PAUSE_SECONDS = 2.0


class SharedCache:
    """Bytes by name in Redis; `url` is a redis://, rediss:// or unix:// address.

    A call that fails is a miss, and for two seconds nobody asks again: a dead Redis costs no request its time.
    """

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_timeout=_WAIT_SECONDS, socket_connect_timeout=_WAIT_SECONDS)
        self._paused_until = 0.0

    async def get(self, name: str) -> tuple[bytes, float] | None:
        """The value and the seconds that it has left."""
        if self._paused:
            return None
        try:
            async with self._redis.pipeline(transaction=True) as both:
                both.get(name)
                both.pttl(name)
                value, left = await both.execute()
        except (RedisError, OSError):
            self._pause()
            return None
        return (value, left / 1000) if value is not None and left > 0 else None

    async def put(self, name: str, value: bytes, seconds: float) -> None:
        """Keep a value for a time."""
        if self._paused or seconds <= 0:
            return
        try:
            await self._redis.set(name, value, px=max(1, int(seconds * 1000)))
        except (RedisError, OSError):
            self._pause()

    async def drop(self, name: str) -> None:
        """Drop a value; it goes by itself when Redis cannot be reached."""
        try:
            await self._redis.delete(name)
        except (RedisError, OSError):
            self._pause()

    async def close(self) -> None:
        """Close the connections."""
        with suppress(RedisError, OSError):
            await self._redis.aclose()

    @property
    def _paused(self) -> bool:
        return time.monotonic() < self._paused_until

    def _pause(self) -> None:
        self._paused_until = time.monotonic() + _PAUSE_SECONDS
