"""The cache as an operation sees it: one tenant's values, in this process first, then where processes share them."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from agent.cache.memory import Aged, MemoryCache
from agent.cache.shared import SharedCache
from agent.encryption.sealing import DoesNotOpen, KeyDestroyed
from agent.encryption.vault import TenantVault
from agent.scope import Shape
from agent.telemetry import CACHE


class TenantCache:
    """`scope.Cache` for one tenant; a key without a tenant cannot be made.

    What leaves the process is sealed under the tenant's key for its place, and named by a keyed hash.
    """

    def __init__(self, memory: MemoryCache, shared: SharedCache | None, vault: TenantVault) -> None:
        self._memory, self._shared, self._vault = memory, shared, vault

    async def get(
        self, kind: str, key: str, fill: Callable[[], Awaitable[Any]], seconds: float, shape: Shape | None = None
    ) -> Any:
        """See `scope.Cache`."""
        shared = self._shared

        async def look() -> Any:
            if shared is None or shape is None:
                return await fill()
            return await self._look(shared, kind, key, fill, seconds, shape)

        return await self._memory.get((self._vault.tenant, kind, key), look, seconds)

    async def forget(self, kind: str, key: str) -> None:
        """See `scope.Cache`."""
        self._memory.forget((self._vault.tenant, kind, key))
        if self._shared is not None:
            await self._shared.drop(self._place(kind, key)[0])

    async def _look(
        self, shared: SharedCache, kind: str, key: str, fill: Callable[[], Awaitable[Any]], seconds: float, shape: Shape
    ) -> Any:
        name, row = self._place(kind, key)
        found = await shared.get(name)
        if found is not None:
            try:
                value = shape.load(self._vault.open("cache", kind, row, found[0]))
            except (DoesNotOpen, KeyDestroyed, ValueError, TypeError):
                CACHE.count(kind, "unreadable")
            else:
                CACHE.count(kind, "shared")
                return Aged(value, min(found[1], seconds))
        value = await fill()
        await shared.put(name, self._vault.seal("cache", kind, row, shape.dump(value)), seconds)
        return value

    def _place(self, kind: str, key: str) -> tuple[str, UUID]:
        """The name in Redis, and what binds the sealed value to it."""
        digest = self._vault.derive("cache", kind.encode(), key.encode())
        return f"chancery:{self._vault.tenant}:{kind}:{digest.hex()}", UUID(bytes=digest[:16])
