"""AnonCreds: objects of the registry that we serve, exchanges under way, and what the tenant holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from protocols.ports.exchanges import NewRegistry


@dataclass(frozen=True, slots=True)
class RegistryObject:
    """A schema, definition or registry of ours: `content` as it is served, `secret` the issuer's keys.

    `version` of a registry counts its status lists.
    """

    id: UUID
    kind: str
    content: bytes
    secret: bytes = field(default=b"", repr=False)
    parent: UUID | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Exchange:
    """One run, in the words of its role: issuer, holder or verifier. `details` are sealed where they rest."""

    id: UUID
    role: str
    state: str
    details: Mapping[str, Any] = field(repr=False)
    definition: UUID | None = None
    registry: UUID | None = None
    index: int | None = None


class AnonCredsRepository(Protocol):
    """`unit.anoncreds`."""

    async def publish(self, made: RegistryObject) -> None:
        """A schema or a definition."""

    async def publish_registry(self, registry_id: UUID, definition: UUID, made: NewRegistry, capacity: int) -> None:
        """A registry with its tails and its first status list."""

    async def object(self, kind: str, object_id: UUID) -> RegistryObject | None:
        """An object of ours."""

    async def objects(self, kind: str) -> Sequence[UUID]:
        """Those of a kind, oldest first."""

    async def tails(self, registry: UUID) -> bytes | None:
        """A registry's file."""

    async def take_index(self, definition: UUID) -> tuple[UUID, int] | None:
        """A place for one credential in the newest registry of a definition, handed out once; None when it is full."""

    async def status_list(self, registry: UUID, at: int) -> bytes | None:
        """The list in force at a time, in seconds since 1970."""

    async def next_status_list(self, registry: UUID, before: int, in_force: int, content: bytes) -> None:
        """The list after version `before`. Raises Conflict when another was first."""

    async def begin(self, exchange: Exchange) -> None:
        """A new run."""

    async def exchange(self, exchange_id: UUID, role: str) -> Exchange | None:
        """A run of ours in a role."""

    async def settle(self, exchange: Exchange, before: str) -> None:
        """The run in its next state. Raises Conflict when it is no longer in the one before."""

    async def revoke(self, exchanges: Sequence[UUID]) -> Sequence[Exchange]:
        """Those of the issued ones that can be and are not yet revoked, now revoked."""

    async def link_secret(self) -> bytes | None:
        """The tenant's."""

    async def keep(self, holding: UUID, kind: str, content: bytes) -> None:
        """Hold a credential, or the one link secret; another that is there already stays."""

    async def held(self) -> Sequence[tuple[UUID, bytes]]:
        """Credentials, oldest first."""
