"""Scope and Unit: everything an operation is given."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from agent.audit import AuditEvent, SecurityEvent
from agent.scope.tenants import SigningKey, TenantCatalogue
from agent.tenancy import Principal, Tenant
from protocols.errors import ProtocolError
from protocols.ports import Fetch, Sandbox


class Conflict(ProtocolError):
    """The resource was changed by another request."""

    code = "conflict"
    status = 409


class Vault(Protocol):
    """The tenant's sealing keys, unlocked. Implemented in `agent.encryption`; nothing here waits."""

    def seal(self, table: str, column: str, row_id: UUID, plaintext: bytes, key: Any = None) -> bytes:
        """A value of domain `sealed`, under the tenant's newest data key or the subject's key given."""

    def open(self, table: str, column: str, row_id: UUID, sealed: bytes, key: Any = None) -> bytes:
        """The plaintext. Raises KeyDestroyed, or Malformed when a byte, row, column or tenant differs."""

    def blind(self, field: str, value: str) -> bytes:
        """The blind index (32 bytes) of a value, normalised as its field demands."""

    def derive(self, label: str, *parts: bytes) -> bytes:
        """32 bytes that only this tenant's server can make again."""


class Keys(Protocol):
    """The tenant's signing keys. Waits."""

    async def sign(self, key: SigningKey, payload: bytes) -> bytes:
        """The raw signature by the store that holds the key."""


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

    def changes_catalogue(self) -> None:
        """Have every process read the tenant's catalogue again once this commits."""

    async def commit(self) -> None:
        """Settle: writes what was recorded, then commits. Raises Conflict, and nothing has happened."""


class Cache(Protocol):
    """Values by kind and key, of one tenant; a miss is filled once however many wait for it."""

    async def get(self, kind: str, key: str, fill: Callable[[], Awaitable[Any]], seconds: float) -> Any:
        """The value, made by `fill` when absent or older than `seconds`."""

    async def forget(self, kind: str, key: str) -> None:
        """Drop a value here and in every other process."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One operation's world, for one tenant.

    `now` and `entropy` are the only clock and dice; `unit` begins a transaction; `vault` seals, opens, blinds and
    derives for this tenant; `keys` signs; `plugins` are the families that are on, by group and name.
    """

    tenant: Tenant
    principal: Principal
    now: Callable[[], datetime]
    entropy: Callable[[int], bytes]
    unit: Callable[[], AbstractAsyncContextManager[Any]]
    vault: Vault
    keys: Keys
    catalogue: TenantCatalogue
    plugins: Mapping[str, Mapping[str, Any]]
    fetch: Fetch
    sandbox: Sandbox
    cache: Cache
