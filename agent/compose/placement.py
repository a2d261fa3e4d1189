"""Which pool a tenant's rows are reached by: the shared database's, or one of its own."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from uuid import UUID

import asyncpg

from agent import telemetry
from agent.compose.databases import Addresses, within
from agent.scope.core import DatabaseGone
from agent.signals import Listener
from agent.storage.database import open_pool, pool_of_one_tenant
from agent.storage.pool import Pool
from agent.storage.unit_of_work import CATALOGUE_CHANNEL, QUEUE_CHANNEL
from agent.tenancy import Tenant

CHANNELS = (CATALOGUE_CHANNEL, QUEUE_CHANNEL)
_SMALL = 4
_NOBODY = UUID(int=0)


class Placement:
    """Pools by role and database, opened when they are first needed; one line for notices from each database.

    `on_notice(channel, payload)` and `on_gap()` as `signals.Listener` has them.
    """

    def __init__(
        self,
        shared: Addresses,
        servers: Mapping[str, Addresses],
        size: int,
        on_notice: Callable[[str, str], None],
        on_gap: Callable[[], None],
    ) -> None:
        self._shared, self._servers, self._size = shared, servers, size
        self._on_notice, self._on_gap = on_notice, on_gap
        self._pools: dict[tuple[str | None, str], Pool] = {}
        self._listeners: dict[str | None, Listener] = {}
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        """The shared database, which everybody needs."""
        self._pools[None, "app"] = await open_pool(self._shared.app, self._size, "agent_app")
        await self._listen(None)

    async def open_control(self) -> None:
        """The control plane's way into the shared database."""
        if (None, "control") not in self._pools:
            self._pools[None, "control"] = await open_pool(self._shared.control, 2, "agent_control")

    async def close(self) -> None:
        """Every line and every pool."""
        listeners, self._listeners = list(self._listeners.values()), {}
        pools, self._pools = list(self._pools.values()), {}
        for listener in listeners:
            await listener.stop()
        for pool in pools:
            with suppress(TimeoutError):
                await asyncio.wait_for(pool.close(), 5)

    def pool(self, tenant: Tenant, role: str = "app") -> Pool:
        """Where a tenant's rows are, as a role (app, control, maint). Raises DatabaseGone for an unknown server."""
        key = (tenant.database, role)
        if key not in self._pools:
            dsn = getattr(self.addresses(tenant.database), role)
            self._pools[key] = pool_of_one_tenant(dsn, min(_SMALL, self._size), f"agent_{role}")
        return self._pools[key]

    def addresses(self, database: str | None) -> Addresses:
        """The connection strings of a database. Raises DatabaseGone for a server that is not configured."""
        if database is None:
            return self._shared
        server, _, name = database.partition("/")
        if server not in self._servers:
            raise DatabaseGone(f"no server {server} is configured")
        return within(self._servers[server], name)

    async def attend(self, tenant: Tenant) -> None:
        """Hear what other processes change in the tenant's database, from before it is read. Raises DatabaseGone."""
        if tenant.database in self._listeners:
            return
        async with self._lock:
            if tenant.database not in self._listeners:
                try:
                    await asyncio.wait_for(self._listen(tenant.database), 5)
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                    raise DatabaseGone(type(error).__name__) from None

    async def gone(self) -> int:
        """How many of the tenants' own databases that this process has met do not answer."""
        met = [name for name in self._listeners if name is not None]
        return sum(await asyncio.gather(*(self._silent(name) for name in met)))

    async def _silent(self, database: str) -> bool:
        try:
            async with asyncio.timeout(1):
                await self.pool(Tenant(_NOBODY, "", "", database=database)).fetchval("SELECT 1")
        except (DatabaseGone, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            telemetry.log("database_gone", component=database)
            return True
        return False

    async def _listen(self, database: str | None) -> None:
        listener = Listener(self.addresses(database).app, CHANNELS, self._on_notice, self._on_gap)
        await listener.start()
        self._listeners[database] = listener
