"""Setting up tenants, keys, trust and access: values and repository contracts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from agent.encryption.vault import WrappedTenantKey
from agent.scope.tenants import CredentialConfiguration, SigningKey, StatusRegistry


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key about to be stored: only its hash stays."""

    id: UUID
    name: str
    prefix: str
    key_hash: bytes
    scopes: tuple[str, ...]
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApiKeyGrant:
    """What a presented key allows."""

    id: UUID
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class NewAnchor:
    """A CA certificate that a tenant is about to trust, for the roles named."""

    id: UUID
    name: str
    certificate: bytes
    subject_key_id: bytes | None
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TenantListing:
    """A tenant as its operator lists it."""

    id: UUID
    name: str
    display_name: str
    status: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewTenant:
    """Everything a tenant needs to issue and verify from its first minute."""

    id: UUID
    name: str
    display_name: str
    wrapped_keys: tuple[WrappedTenantKey, ...]
    issuer_id: UUID
    verifier_id: UUID
    identifier: str
    keys: tuple[SigningKey, ...]
    anchor: NewAnchor
    types: Mapping[UUID, Mapping[str, Any]]
    configurations: tuple[CredentialConfiguration, ...]
    registry: StatusRegistry
    did: Mapping[str, Any] | None = None


class Tenants(Protocol):
    """The control plane's view of tenants."""

    async def found(self, tenant: NewTenant) -> None:
        """Insert a tenant whole. Raises Conflict when the name is taken."""

    async def all(self) -> Sequence[TenantListing]:
        """Every tenant but the system's, by name."""


class ApiKeys(Protocol):
    """Keys of the admin API."""

    async def add(self, key: NewApiKey) -> None: ...

    async def find(self, prefix: str, key_hash: bytes) -> ApiKeyGrant | None:
        """The living grant behind a key, None when there is none."""

    async def revoke(self, key_id: UUID) -> bool: ...


class TrustAnchors(Protocol):
    """What the tenant believes."""

    async def add(self, anchor: NewAnchor) -> None:
        """Insert; the same certificate twice is one anchor."""
