"""Scope and Unit: everything an operation is given."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from agent.audit import AuditEvent, SecurityEvent
from agent.encryption.vault import TenantVault
from agent.keyring import Keyring
from agent.scope.administering import Control
from agent.scope.archiving import ArchivedRows
from agent.scope.limits import Quotas, Unlimited
from agent.scope.status import StatusPlace
from agent.scope.tenants import StatusRegistry, TenantCatalogue
from agent.tenancy import Principal, Tenant
from protocols.errors import ProtocolError
from protocols.ports import Fetch, Sandbox


class Conflict(ProtocolError):
    """The resource was changed by another request."""

    code = "conflict"
    status = 409


class DatabaseGone(ProtocolError):
    """This tenant cannot be served at the moment."""

    code = "unavailable"
    status = 503

    def headers(self) -> dict[str, str]:
        """When to come back (RFC 9110, 10.2.3)."""
        return {"Retry-After": "5"}


class Unit(Protocol):
    """One transaction of one tenant.  Leaving it without `commit` forgets everything.

    Repositories are attributes, one for each kind of thing; no key store, fetch or peer is awaited inside.
    """

    def record(self, event: AuditEvent) -> None:
        """Write an audit row with this transaction."""

    def alarm(self, event: SecurityEvent) -> None:
        """Write a security event with this transaction."""

    def send(self, topic: str, key: str, payload: Mapping[str, Any]) -> None:
        """Put ids into the outbox with this transaction."""

    def wake(self, name: str) -> None:
        """Have every process that waits for this name look, once this commits."""

    def changes_catalogue(self) -> None:
        """Have every process read the tenant's catalogue again once this commits."""

    async def commit(self) -> None:
        """Settle: writes what was recorded, then commits. Raises Conflict, and nothing has happened."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a value is written down for other processes; `load` raises ValueError or TypeError for another shape."""

    dump: Callable[[Any], bytes]
    load: Callable[[bytes], Any]


class Cache(Protocol):
    """Values by kind and key, of one tenant; a miss is filled once however many wait for it."""

    async def get(
        self, kind: str, key: str, fill: Callable[[], Awaitable[Any]], seconds: float, shape: Shape | None = None
    ) -> Any:
        """The value, made by `fill` when absent or older than `seconds`; with a shape, processes may share it."""

    async def forget(self, kind: str, key: str) -> None:
        """Drop a value here, and where processes share it."""


class Places(Protocol):
    """Places in status lists, from blocks that this process reserved."""

    async def take(self, scope: "Scope", registry: StatusRegistry, count: int) -> list[StatusPlace]:
        """So many places of one list (this one, or what followed it), each handed out once in all processes."""


class Wakeups(Protocol):
    """Who waits in this process for what any process may do."""

    def on(self, name: str) -> AbstractContextManager[asyncio.Event]:
        """An event that is set whenever the name is called; whoever waits clears it."""


UNLIMITED = Unlimited()


@dataclass(frozen=True, slots=True)
class Scope:
    """One operation's world, for one tenant.

    `now` and `entropy` are the only clock and dice; `unit` begins a transaction; `vault` seals, opens, blinds and
    derives for this tenant; `keys` signs; `plugins` are the families that are on, by group and name; `archived`
    are rows that left the database; `quotas` what the tenant may use. Only the system tenant has a `control`.
    """

    tenant: Tenant
    principal: Principal
    now: Callable[[], datetime]
    entropy: Callable[[int], bytes]
    unit: Callable[[], AbstractAsyncContextManager[Any]]
    vault: TenantVault
    keys: Keyring
    catalogue: TenantCatalogue
    plugins: Mapping[str, Mapping[str, Any]]
    fetch: Fetch
    sandbox: Sandbox
    cache: Cache
    places: Places
    archived: ArchivedRows | None = None
    control: Control | None = None
    wakeups: Wakeups | None = None
    quotas: Quotas = UNLIMITED
