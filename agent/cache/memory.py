"""L1: values in this process, bounded, expiring with jitter, filled once however many wait."""

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agent.telemetry import CACHE

_Key = tuple[UUID, str, str]


@dataclass(frozen=True, slots=True)
class Aged:
    """What a fill answers with when the value has less time left than usual."""

    value: Any
    seconds: float


class MemoryCache:
    """All tenants' values, by tenant, kind and key."""

    def __init__(self, size: int = 20_000) -> None:
        self._size = size
        self._values: OrderedDict[_Key, tuple[float, Any]] = OrderedDict()
        self._flights: dict[_Key, asyncio.Future[Any]] = {}

    async def get(self, key: _Key, fill: Callable[[], Awaitable[Any]], seconds: float) -> Any:
        """The value, made by `fill` when it is absent or too old; `fill` may answer with an `Aged` one."""
        found = self._values.get(key)
        if found and found[0] > time.monotonic():
            CACHE.count(key[1], "hit")
            return found[1]
        CACHE.count(key[1], "miss")
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.ensure_future(fill())
            flight.add_done_callback(lambda done: self._land(key, done, seconds))
        filled = await asyncio.shield(flight)
        return filled.value if isinstance(filled, Aged) else filled

    def _land(self, key: _Key, flight: asyncio.Future[Any], seconds: float) -> None:
        if self._flights.get(key) is not flight:  # forgotten while it was filled: do not keep what is stale
            return
        del self._flights[key]
        if flight.cancelled() or flight.exception():
            return
        filled = flight.result()
        value, left = (filled.value, filled.seconds) if isinstance(filled, Aged) else (filled, seconds)
        self._values[key] = (time.monotonic() + left * random.uniform(0.9, 1.0), value)  # noqa: S311  # jitter
        self._values.move_to_end(key)
        while len(self._values) > self._size:
            self._values.popitem(last=False)

    def forget(self, key: _Key) -> None:
        """Drop one value."""
        self._values.pop(key, None)
        self._flights.pop(key, None)

    def forget_tenant(self, tenant: UUID) -> None:
        """Drop everything of one tenant."""
        for key in [key for key in self._values if key[0] == tenant]:
            self.forget(key)

    def clear(self) -> None:
        """Drop everything: the line over which others invalidate was lost."""
        self._values.clear()
        self._flights.clear()
