"""Setting up tenants, keys, trust and access: values and repository contracts."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from agent.encryption.vault import TenantVault, WrappedTenantKey
from agent.keyring import Keyring
from agent.scope.tenants import CredentialConfiguration, SigningKey, StatusRegistry
from agent.tenancy import Principal, Tenant
from protocols.ports import KeyHandle, KeyStore


@dataclass(frozen=True, slots=True)
class Control:
    """The control plane's world: enters tenants one at a time.

    `enter(tenant, principal, vault)` begins a unit of that tenant as the control role; `kek` is the key-encryption
    key that wraps a new tenant's keys; `origin` and `dns_names` are what certificates and identifiers are made of.
    """

    now: Callable[[], datetime]
    entropy: Callable[[int], bytes]
    enter: Callable[[Tenant, Principal, TenantVault], AbstractAsyncContextManager[Any]]
    keys: Keyring
    kek: KeyHandle
    kek_store: KeyStore
    origin: str
    dns_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CreateTenant:
    """Request: a name for URLs, one for people; `samples` are claims by configuration that an offer without claims
    gets, for a tenant that demonstrates; `key_stores` says where the keys of a purpose are kept, if not where this
    server keeps keys by default; `country` is that of its documents (ISO 3166-1 alpha-2); `configurations` are the
    credential configurations it begins with; `database` is one of its own, as `server/name`, of this version's schema
    and empty."""

    name: str
    display_name: str
    samples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    key_stores: Mapping[str, str] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)
    country: str | None = None
    configurations: tuple[str, ...] = ("pid",)
    database: str | None = None


@dataclass(frozen=True, slots=True)
class CreatedTenant:
    """A new tenant and its administrator's API key, shown this once."""

    id: UUID
    name: str
    credential_issuer: str
    api_key: str


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
    """What a tenant is about to trust, for the roles named: a CA certificate, or a DID whose document has the keys."""

    id: UUID
    name: str
    certificate: bytes | None
    subject_key_id: bytes | None
    roles: tuple[str, ...]
    identifier: str | None = None


@dataclass(frozen=True, slots=True)
class AnchorListing:
    """An anchor as its tenant lists it: what it is known by ("x509", "did", "https"), and whether the operator's."""

    id: UUID
    name: str
    kind: str
    identifier: str
    roles: tuple[str, ...]
    shared: bool


@dataclass(frozen=True, slots=True)
class KnownType:
    """A type of the tenant's, and the JSON Schema of its claims."""

    id: UUID
    schema: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class NewType:
    """A type about to be published: its address, its document with the digest, and the type that it comes from."""

    id: UUID
    vct: str
    document: Mapping[str, Any]
    digest: bytes
    base: UUID


@dataclass(frozen=True, slots=True)
class PublishedDocument:
    """Type Metadata as published, and the SHA-256 of its bytes."""

    document: Mapping[str, Any]
    digest: bytes


@dataclass(frozen=True, slots=True)
class TenantListing:
    """A tenant as its operator lists it."""

    id: UUID
    name: str
    display_name: str
    status: str
    created_at: datetime
    database: str | None = None


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
    anchors: tuple[NewAnchor, ...]
    types: Mapping[UUID, Mapping[str, Any]]
    configurations: tuple[CredentialConfiguration, ...]
    registry: StatusRegistry
    samples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)
    did: Mapping[str, Any] | None = None


class Tenants(Protocol):
    """The control plane's view of tenants."""

    async def found(self, tenant: NewTenant) -> None:
        """Insert a tenant whole. Raises Conflict when the name is taken."""

    async def add_keys(self, keys: Sequence[WrappedTenantKey]) -> None:
        """Insert wrapped keys of the tenant entered."""

    async def all(self) -> Sequence[TenantListing]:
        """Every tenant but the system's, by name."""

    async def leave_to_one(self) -> bool:
        """In a database of a tenant's own: nothing of the system's is done here; False when some tenant is here."""

    async def place(self, tenant: NewTenant, server: str, name: str) -> None:
        """In the shared database: say where a tenant lies. Raises Conflict when its name or database is taken."""

    async def set_status(self, tenant: UUID, status: str) -> bool:
        """A tenant goes from active to suspended, or back; False when it is not there to go from."""


class ApiKeys(Protocol):
    """Keys of the admin API."""

    async def add(self, key: NewApiKey) -> None: ...

    async def find(self, prefix: str, key_hash: bytes) -> ApiKeyGrant | None:
        """The living grant behind a key, None when there is none."""

    async def revoke(self, key_id: UUID) -> bool: ...


class CredentialTypes(Protocol):
    """Types that credentials are issued by."""

    async def published(self, vct: str) -> PublishedDocument | None:
        """The document at an address of ours."""

    async def publish(self, new: NewType) -> None:
        """Insert. Raises Conflict when the address is taken."""

    async def choose(self, configuration: UUID, vct: str) -> bool:
        """Have a configuration issue by another of the tenant's types; False when there is none."""


class SigningKeys(Protocol):
    """The tenant's own keys."""

    async def add(self, key: SigningKey) -> None:
        """Insert an active key. Raises Conflict at the commit when one of its purpose and algorithm is there."""

    async def replace(self, old: UUID, key: SigningKey, until: datetime) -> None:
        """Put a key in another's place, which is published until then. Raises Conflict when that one signs no more."""

    async def retire(self, key: UUID) -> bool:
        """Publish a key no more, which signed no more; False when there is none."""

    async def revoke(self, key: UUID) -> bool:
        """Revoke the certificate of a key that signs no more, destroyed or not; False for any other."""

    async def revoked(self) -> Sequence[tuple[bytes, datetime]]:
        """The certificates that were revoked (DER), and when."""

    async def rotate(self, key: SigningKey, old: SigningKey | None, expires_at: datetime) -> None:
        """Retire the old key and put the new in its place. Raises Conflict when another process was faster."""


class CredentialConfigurations(Protocol):
    """`unit.credential_configurations`; none is ever deleted."""

    async def type_named(self, name: str) -> KnownType | None: ...

    async def add_type(self, type_id: UUID, name: str, schema: Mapping[str, Any] | None) -> None: ...

    async def add(self, issuer: UUID, configuration: CredentialConfiguration) -> None:
        """Insert, of a type that is there. Raises Conflict when the name is taken."""

    async def change(self, configuration: UUID, changes: Mapping[str, Any]) -> None:
        """Set what is named of claim_source, policy_name, is_active, display, scope, lifetime (timedelta),
        key_attestations_required."""


class TrustAnchors(Protocol):
    """What the tenant believes."""

    async def add(self, anchor: NewAnchor) -> UUID:
        """Insert; the same certificate twice is one anchor, with the roles of both: its id."""

    async def withdraw(self, anchor: UUID) -> bool:
        """Believe it no more; False when the tenant has none such."""

    async def all(self) -> Sequence[AnchorListing]:
        """What is believed, the operator's anchors too."""
