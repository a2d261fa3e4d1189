"""One process's house: pools, key stores, plugins, caches and the rooms of the tenants that were asked for."""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
from sqlalchemy import bindparam, select

from agent import discovery
from agent.cache.dids import DidFront
from agent.cache.memory import MemoryCache
from agent.cache.shared import SharedCache
from agent.cache.tenant import TenantCache
from agent.compose.databases import Addresses, servers
from agent.compose.placement import Placement
from agent.config import Config
from agent.encryption.vault import TenantVault, WrappedTenantKey, unlock
from agent.fetch import GuardedFetch
from agent.http.failures import NotFound
from agent.keyring import Keyring
from agent.lifecycle.blobs import open_store
from agent.lifecycle.searching import ArchivedRows
from agent.operations.administering.create_tenant import SYSTEM, found_system
from agent.operations.issuing.status_places import StatusPlaces
from agent.operations.keeping.spend_limits import SpentQuotas
from agent.sandbox import ProcessSandbox
from agent.scope import Scope, TenantCatalogue
from agent.scope.administering import Control
from agent.scope.core import DatabaseGone
from agent.signals import Wakeups
from agent.storage import tables
from agent.storage.catalogue import read_catalogue
from agent.storage.pool import Pool
from agent.storage.statements import Row, Statement
from agent.storage.unit_of_work import QUEUE_CHANNEL, unit_of_work
from agent.tenancy import PEER, WORKER, Principal, Tenant
from protocols.errors import ProtocolError
from protocols.oauth.client_authentication import BY_CERTIFICATE
from protocols.ports import KeyHandle, KeyStore, PluginTools

ROOM_SECONDS = 60.0
_RESOLVE = "SELECT id, status, placement, database_name, dsn_ref FROM agent.resolve_tenant($1)"
_keys = tables.tenant_keys
_TENANT_KEYS = Statement(
    select(_keys.c.id, _keys.c.purpose, _keys.c.version, _keys.c.kek_ref, _keys.c.kek_epoch, _keys.c.wrapped_key).where(
        _keys.c.tenant_id == bindparam("tenant"), _keys.c.retired_at.is_(None)
    )
)


@dataclass(frozen=True, slots=True)
class Room:
    """One tenant as this process knows it: everything a scope needs that outlives a request."""

    vault: TenantVault
    catalogue: TenantCatalogue
    peer: Scope
    """Who has no account here asks for most; a scope holds nothing of a request."""


def now() -> datetime:
    """The time of this machine, in UTC."""
    return datetime.now(UTC)


class House:
    """One process's house. `async with House(config, addresses) as house:` opens and closes it.

    `clock` (UTC) is the one that operations go by and that says what has expired; a test brings its own. The database
    stamps its rows by its own.
    """

    def __init__(self, config: Config, addresses: Addresses, clock: Callable[[], datetime] = now) -> None:
        self.config, self.addresses, self.now = config, addresses, clock
        self.cache = MemoryCache()
        self.dids = DidFront()
        self._shared_cache = SharedCache(config.redis_url) if config.redis_url else None
        self.fetch = GuardedFetch(config.fetch_allow)
        self.sandbox = ProcessSandbox()
        self.origin = config.origin
        self.dns_names = (str(urlsplit(config.origin).hostname),)
        self.plugins: Any = {}
        holder = f"{socket.gethostname()}:{os.getpid()}"
        self.places, self.quotas = StatusPlaces(holder), SpentQuotas(holder)
        self._control: Control | None = None
        self.archive = open_store(config)
        self.wakeups = Wakeups()
        known = servers(config, addresses)
        self.placement = Placement(addresses, known, config.database_pool, self._changed, self._missed)

    async def __aenter__(self) -> "House":
        self.plugins = discovery.build(
            _with_stores(self.config), self.fetch, self.sandbox, {"did_methods": self.dids.over}
        )
        if not self.config.client_certificate_header:
            self.plugins = _without_tls(self.plugins)
        self.kek_store = _kek_store(self.config, self.fetch, self.sandbox)
        for store in self._stores():
            await store.open()
        self.keyring = Keyring(self.plugins["key_stores"], self.config.key_store)
        await self.placement.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ProtocolError, TimeoutError):
            await asyncio.wait_for(self.quotas.close(), 5)
        await self.placement.close()
        if self._shared_cache:
            await self._shared_cache.close()
        await self.fetch.close()
        self.sandbox.close()
        for store in self._stores():
            await store.close()

    def _stores(self) -> list[KeyStore]:
        return [self.kek_store, *self.plugins["key_stores"].values()]

    def _missed(self) -> None:
        self.cache.clear()
        self.wakeups.wake_all()

    def _changed(self, channel: str, payload: str) -> None:
        if channel == QUEUE_CHANNEL:
            self.wakeups.wake(payload)
            return
        with suppress(ValueError):
            self._forget(UUID(payload))

    def _forget(self, tenant: UUID) -> None:
        self.cache.forget_tenant(tenant)
        self.cache.forget_tenant(SYSTEM.id)  # under whose name the names of tenants are kept

    async def control(self) -> Control:
        """The control plane's world; its pool is opened on first use."""
        if self._control is None:
            await self.placement.open_control()
            self._control = Control(
                now=self.now,
                entropy=secrets.token_bytes,
                enter=partial(_enter, self.placement, self.now, self._forget),
                keys=self.keyring,
                kek=await self._kek(),
                kek_store=self.kek_store,
                origin=self.origin,
                dns_names=self.dns_names,
            )
        return self._control

    async def found_system(self) -> str | None:
        """Make the system tenant's keys where there are none: the operator's API key, shown this once."""
        if await self.tenant_keys(SYSTEM):
            return None
        return await found_system(await self.control())

    async def knows_tenant(self, name: str) -> bool:
        """Whether a tenant of this name is served."""
        return await self._resolve(name) is not None

    async def ready(self) -> bool:
        """Whether requests can be served: the database answers, and the months ahead have their partitions."""
        try:
            async with asyncio.timeout(2):
                months = await self.app.fetchval("SELECT agent.months_ahead('agent.audit_logs'::regclass)")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            return False
        return bool(months and months > 0)

    async def _kek(self) -> KeyHandle:
        """The key-encryption key that the system tenant's keys are wrapped by; a new one for a new database."""
        rows = await self.tenant_keys(SYSTEM)
        if not rows:
            return await self.kek_store.generate("A256GCM")
        store, _, reference = max(rows, key=lambda row: row.version).kek_ref.partition(":")
        return KeyHandle(store, reference, "A256GCM")

    async def tenant_keys(self, tenant: Tenant) -> list[WrappedTenantKey]:
        """A tenant's wrapped keys that are in use."""
        async with unit_of_work(self.placement.pool(tenant), tenant, WORKER, _NO_VAULT, self.now) as unit:
            return [WrappedTenantKey(*row) for row in await _TENANT_KEYS.rows(unit.connection, tenant=tenant.id)]

    async def scope_of(self, name: str, principal: Principal) -> Scope:
        """The world of one request. Raises NotFound for a tenant that is not served."""
        tenant = await self._resolve(name)
        if tenant is None:
            raise NotFound("unknown tenant")
        return await self._scope(tenant, principal)

    async def scope_within(self, name: str, principal: Principal) -> Scope:
        """The same for a tenant whatever its status, where nobody is served: after a restore. Raises NotFound."""
        row = await self.app.fetchrow(_RESOLVE, name)
        if row is None:
            raise NotFound("unknown tenant")
        return await self._scope(self._tenant(row, name), principal)

    def _tenant(self, row: Row, name: str) -> Tenant:
        """Where the shared database says that it lies. Raises DatabaseGone for the seconds of a switch."""
        if row["placement"] == "migrating":
            raise DatabaseGone("the tenant is between two databases")
        database = None if row["placement"] == "shared" else f"{row['dsn_ref']}/{row['database_name']}"
        return Tenant(row["id"], name, f"{self.origin}/t/{name}", database=database)

    @property
    def app(self) -> Pool:
        """The shared database's pool."""
        return self.placement.pool(SYSTEM)

    async def _scope(self, tenant: Tenant, principal: Principal) -> Scope:
        room: Room = await self.cache.get((tenant.id, "room", ""), partial(self._furnish, tenant), ROOM_SECONDS)
        return room.peer if principal is PEER else self._made(tenant, principal, room.vault, room.catalogue)

    def _made(self, tenant: Tenant, principal: Principal, vault: TenantVault, catalogue: TenantCatalogue) -> Scope:
        return Scope(
            tenant=tenant,
            principal=principal,
            now=self.now,
            entropy=secrets.token_bytes,
            unit=partial(
                unit_of_work, self.placement.pool(tenant), tenant, principal, vault, self.now, changed=self._forget
            ),
            vault=vault,
            keys=self.keyring,
            catalogue=catalogue,
            plugins=self.plugins,
            fetch=self.fetch,
            sandbox=self.sandbox,
            cache=TenantCache(self.cache, self._shared_cache, vault),
            places=self.places,
            archived=ArchivedRows(self.archive),
            control=self._control if tenant.id == SYSTEM.id else None,
            wakeups=self.wakeups,
            quotas=self.quotas,
        )

    async def _resolve(self, name: str) -> Tenant | None:
        async def find() -> Tenant | None:
            row = await self.app.fetchrow(_RESOLVE, name[:100])
            if row is None or row["status"] != "active":
                return None
            return self._tenant(row, name)

        found: Tenant | None = await self.cache.get((SYSTEM.id, "tenant", name[:100]), find, 10)
        return found

    async def _furnish(self, tenant: Tenant) -> Room:
        await self.placement.attend(tenant)
        vault = await unlock(tenant.id, await self.tenant_keys(tenant), self.kek_store)
        if tenant.id == SYSTEM.id:
            await self.control()
            catalogue = _SYSTEM_CATALOGUE
        else:
            async with unit_of_work(self.placement.pool(tenant), tenant, WORKER, vault, self.now) as unit:
                catalogue = await read_catalogue(unit, SYSTEM.id, self.dns_names)
        return Room(vault, catalogue, self._made(tenant, PEER, vault, catalogue))


def _without_tls(plugins: Any) -> Any:
    """Nobody authenticates by certificate where no proxy passes one: such methods are off, and not advertised."""
    family = "client_authentication"
    kept = {name: one for name, one in plugins[family].items() if name not in BY_CERTIFICATE}
    return {**plugins, family: kept}


_NO_VAULT: Any = None  # reading the tenant's keys is what makes its vault
_SYSTEM_CATALOGUE = TenantCatalogue("system", SYSTEM.id, (), SYSTEM.id, "system", (), (), {}, (), {})


@asynccontextmanager
async def _enter(
    placement: Placement,
    now: Callable[[], datetime],
    changed: Callable[[UUID], None],
    tenant: Tenant,
    principal: Principal,
    vault: TenantVault,
) -> AsyncIterator[Any]:
    unit: AbstractAsyncContextManager[Any] = unit_of_work(
        placement.pool(tenant, "control"), tenant, principal, vault, now, changed=changed
    )
    async with unit as entered:
        yield entered


def _with_stores(config: Config) -> Config:
    """Askar's own settings by default: a SQLite store in the state folder, its raw key in a file beside it."""
    known = {name for name, _ in config.plugin_settings}
    defaults = {
        "ASKAR_URI": f"sqlite://{config.home}/keys.db",
        "ASKAR_KEY_FILE": f"{config.home}/keys.key",
        "KEK_URI": f"sqlite://{config.home}/kek.db",
        "KEK_KEY_FILE": f"{config.home}/kek.key",
    }
    if "ASKAR_KEY" in known:
        del defaults["ASKAR_KEY_FILE"]
    if "KEK_KEY" in known:
        del defaults["KEK_KEY_FILE"]
    missing = tuple((name, value) for name, value in defaults.items() if name not in known)
    return replace(config, plugin_settings=config.plugin_settings + missing)


def _kek_store(config: Config, fetch: GuardedFetch, sandbox: ProcessSandbox) -> KeyStore:
    """A key store of its own for key-encryption keys: outside the database and its backups."""
    point = discovery.switched_on(config)["key_stores"][config.kek_store]
    store: KeyStore = point.load()(PluginTools(_with_stores(config).plugin_section("kek"), fetch, sandbox))
    return store
