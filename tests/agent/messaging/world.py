"""Tenants of one server behind a real door, on a real database, with their keys in Askar."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import entry_points
from typing import Any
from uuid import UUID

import asyncpg
from aiohttp import web

from agent.cache.memory import MemoryCache
from agent.cache.tenant import TenantCache
from agent.encryption.vault import new_tenant_keys, unlock
from agent.fetch import GuardedFetch
from agent.http.app import Door, Handler
from agent.http.failures import NotFound
from agent.http.messaging_routes import ROUTES
from agent.http.websocket import WebSockets
from agent.keyring import Keyring
from agent.operations.messaging.identity import create_messaging_keys
from agent.scope import Scope, TenantCatalogue
from agent.signals import Listener, Wakeups
from agent.storage.database import open_pool
from agent.storage.pool import Pool
from agent.storage.unit_of_work import QUEUE_CHANNEL, unit_of_work
from agent.tenancy import WORKER, Principal, Tenant, uuid7
from plugins.key_stores.askar import AskarKeyStore
from protocols.ports import PluginTools
from tests.databases import Database

FAMILIES = ("did_methods", "transports", "didcomm_protocols")
_NO: Any = None  # what no messaging operation touches


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> UUID:
    return uuid7(now(), secrets.token_bytes(10))


@dataclass
class World:
    """One server; `later` moves its clock."""

    app: Pool
    control: Pool
    maint: Pool
    store: AskarKeyStore
    keyring: Keyring
    plugins: dict[str, dict[str, Any]]
    fetch: GuardedFetch
    origin: str
    cache: MemoryCache = field(default_factory=MemoryCache)
    rooms: dict[str, tuple[Tenant, Any, TenantCatalogue]] = field(default_factory=dict)
    clock: Any = now
    wakeups: Wakeups = field(default_factory=Wakeups)
    sockets: Any = None

    def __post_init__(self) -> None:
        self.sockets = WebSockets(self.wakeups)

    async def tenant(self, name: str) -> Scope:
        """A new tenant with keys for DIDComm."""
        tenant = Tenant(new_id(), name, f"{self.origin}/t/{name}")
        kek = await self.store.generate("A256GCM")
        wrapped = await new_tenant_keys(tenant.id, kek, self.store, [new_id() for _ in range(4)])
        vault = await unlock(tenant.id, wrapped, self.store)
        async with unit_of_work(self.control, tenant, WORKER, vault, self.clock) as unit:
            values = (tenant.id, name)
            await unit.connection.execute("INSERT INTO tenants (id, name, display_name) VALUES ($1, $2, $2)", *values)
            await unit.commit()
        keys = await create_messaging_keys(self.keyring, new_id)
        catalogue = TenantCatalogue(f"v-{name}", new_id(), (), new_id(), name, (), keys, {}, (), None)
        self.rooms[name] = (tenant, vault, catalogue)
        return await self.scope_of(name, Principal("user"))

    async def scope_of(self, name: str, principal: Principal) -> Scope:
        if name not in self.rooms:
            raise NotFound("unknown tenant")
        tenant, vault, catalogue = self.rooms[name]
        return Scope(
            tenant=tenant,
            principal=principal,
            now=self.clock,
            entropy=secrets.token_bytes,
            unit=partial(unit_of_work, self.app, tenant, principal, vault, self.clock),
            vault=vault,
            keys=self.keyring,
            catalogue=catalogue,
            plugins=self.plugins,
            fetch=self.fetch,
            sandbox=_NO,
            cache=TenantCache(self.cache, None, vault),
            places=_NO,
        )

    async def rows(self, scope: Scope, query: str) -> list[asyncpg.Record]:
        """What a tenant's own transaction sees."""
        async with scope.unit() as unit:
            return await unit.connection.fetch(query)


async def _answer(world: World, request: web.BaseRequest) -> web.StreamResponse:
    door = Door(world.origin, 2_000_000, world.scope_of, _NO, _NO, sockets=world.sockets)
    return await Handler(door, ROUTES, (), ())(request)


@asynccontextmanager
async def open_world(database: Database) -> AsyncIterator[World]:
    """A server on a port of its own, over a database that others may share: every world makes its own tenants."""
    pools = [await open_pool(database.dsn(role), 4, f"agent_{role}") for role in ("app", "control", "maint")]
    store = AskarKeyStore(PluginTools({}, _NO, _NO))
    await store.open()
    world: Any = None

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return await _answer(world, request)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    fetch = GuardedFetch("localhost")
    plugins: dict[str, dict[str, Any]] = {"key_stores": {"askar": store}}
    for family in FAMILIES:
        plugins[family] = {}
        for point in entry_points(group=f"chancery.{family}"):
            tools = PluginTools({"plain_http": "localhost"}, fetch, _NO, plugins)
            plugins[family][point.name] = point.load()(tools)
    world = World(*pools, store, Keyring({"askar": store}, "askar"), plugins, fetch, f"http://localhost:{port}")
    listener = Listener(
        database.dsn("app"), (QUEUE_CHANNEL,), lambda _, name: world.wakeups.wake(name), world.wakeups.wake_all
    )
    await listener.start()
    yield world
    await listener.stop()
    await runner.cleanup()
    await fetch.close()
    await store.close()
    for pool in pools:
        await pool.close()
