"""What a tenant is set up to do, read once and cached: TenantCatalogue and its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from protocols.claims_path import ClaimsPath
from protocols.ports import KeyHandle, TrustAnchor


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One of the tenant's own keys: what it is for, its handle, public JWK, JWS algorithm and chain (leaf first).

    One that is not `active` signs no more; it is published until it expires.
    """

    id: UUID
    purpose: str
    kid: str
    algorithm: str
    handle: KeyHandle
    jwk: Mapping[str, Any]
    x5c: tuple[bytes, ...] = ()
    active: bool = True
    expires_at: datetime | None = None

    def published(self, now: datetime) -> bool:
        """Whether signatures of it may still be met."""
        return self.active or self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True)
class CredentialConfiguration:
    """One entry of credential_configurations_supported, with what issuing by it needs (OpenID4VCI 1.0, 12.2.4)."""

    id: UUID
    credential_configuration_id: str
    format: str
    type: str
    type_id: UUID
    scope: str | None
    algorithm: str
    lifetime: timedelta
    display: tuple[Mapping[str, Any], ...]
    claims: tuple[Mapping[str, Any], ...]
    disclosable: frozenset[ClaimsPath] | None
    binding_methods: tuple[str, ...]
    proof_types: Mapping[str, tuple[str, ...]]
    schema: Mapping[str, Any] | None
    searchable: tuple[ClaimsPath, ...] = ()
    status: bool = True
    key_attestations_required: Mapping[str, Any] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    type_digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class StatusRegistry:
    """The status list that credentials are registered in at the moment."""

    id: UUID
    uri: str
    mechanism: str
    bits: int
    max_entries: int
    block_size: int
    shard_bytes: int
    permutation_key: bytes
    ttl: timedelta


@dataclass(frozen=True, slots=True)
class IssuerPolicy:
    """What the authorization server demands of wallets; a profile (HAIP) turns some of it on for good."""

    public_clients: bool = False
    anonymous_pre_authorized: bool = True
    require_client_attestation: bool = False
    require_attestation_challenge: bool = False
    require_dpop: bool = False
    require_dpop_nonce: bool = False
    require_par: bool = False
    require_encryption: bool = False
    refresh_tokens: bool = True
    revoke_on_code_replay: bool = False
    demo_sign_in: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class TenantCatalogue:
    """Everything about a tenant that changes rarely. `version` names this very content, for derived caches."""

    version: str
    issuer_id: UUID
    issuer_display: tuple[Mapping[str, Any], ...]
    verifier_id: UUID
    verifier_name: str
    dns_names: tuple[str, ...]
    keys: tuple[SigningKey, ...]
    configurations: Mapping[str, CredentialConfiguration]
    anchors: tuple[TrustAnchor, ...]
    status_registry: StatusRegistry | None
    profiles: frozenset[str] = frozenset({"openid4vci-1.0"})
    did: str | None = None
    policy: IssuerPolicy = IssuerPolicy()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def opens(self, scope: str) -> bool:
        """Whether the tenant lets anybody do what else needs this scope."""
        return scope == "vc-api:use" and self.settings.get("vc_api") == "open"

    def key(self, purpose: str) -> SigningKey:
        """The active signing key for a purpose ("ca", "issuer", "verifier", "audit"). Raises KeyError."""
        for key in self.keys:
            if key.purpose == purpose and key.active:
                return key
        raise KeyError(purpose)
