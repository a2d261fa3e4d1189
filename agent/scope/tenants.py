"""What a tenant is set up to do, read once and cached: TenantCatalogue and its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from agent.scope.policies import VerificationPolicy
from agent.scope.settings import DEFAULTS, TenantSettings
from protocols.claims_path import ClaimsPath
from protocols.ports import KeyHandle, StatusReference, TrustAnchor


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
class Choice:
    """A plugin chosen by its name, with the settings that it works by here."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """A claim source chosen likewise; `drop_unnamed` leaves out claims that the type does not name, instead of refusing
    the answer that has them."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    drop_unnamed: bool = False


@dataclass(frozen=True, slots=True)
class Fee:
    """What an issuance costs, and the payment gate that says whether it was paid; `refuse` instead of waiting."""

    amount: str
    currency: str
    gate: Choice
    refuse: bool = False


@dataclass(frozen=True, slots=True)
class ClaimMatch:
    """The claim at `path` of what is presented has to be the claim at `claim` of what is issued; `credential` is an id
    of the query, None for every credential that has the path."""

    path: tuple[str, ...]
    claim: tuple[str, ...]
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class RequiredEvidence:
    """What has to be presented first: a stored query by name, or a DCQL query; good for `max_age`.

    `same_key`: the credential is bound to keys that presented. `refuse` a pre-authorized issuance without it, instead
    of deferring it. `verification_policy` decides, by name, or the tenant's default.
    """

    query: str | None = None
    dcql_query: Mapping[str, Any] | None = None
    match: tuple[ClaimMatch, ...] = ()
    same_key: bool = False
    max_age: timedelta = timedelta(minutes=10)
    refuse: bool = False
    verification_policy: str | None = None


@dataclass(frozen=True, slots=True)
class IssuancePolicy:
    """One version of a policy: who may have a credential, and what has to be done before.

    `claims` is a JSON Schema that the claims have to fit; `max_active` and `cool_down` limit what one person gets.
    `approval` says that somebody has to look; a wallet comes back for the answer after `interval` seconds. `evidence`
    has to be presented before.
    """

    id: UUID
    name: str
    version: int
    claims: Mapping[str, Any] | None = None
    max_active: int | None = None
    cool_down: timedelta | None = None
    approval: bool = False
    interval: int = 60
    fee: Fee | None = None
    evidence: RequiredEvidence | None = None

    @property
    def limited(self) -> bool:
        """Whether it counts what a person has."""
        return self.max_active is not None or self.cool_down is not None


@dataclass(frozen=True, slots=True)
class CredentialConfiguration:
    """One entry of credential_configurations_supported, with what issuing by it needs (OpenID4VCI 1.0, 12.2.4).

    `statuses` are the kinds of status list that its credentials are registered in (StatusRegistry.kind). `mapping` says
    where a claim of the tenant's definition stands in this format; none, and claims are given as the format has them.
    """

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
    statuses: tuple[str, ...] = ("token_status_list",)
    key_attestations_required: Mapping[str, Any] | None = None
    type_digest: bytes | None = None
    claim_source: SourceChoice | None = None
    policy: IssuancePolicy | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def plain(self) -> bool:
        """Issued at once from the claims of the offer or the account: nothing to ask, nothing to wait for."""
        return self.claim_source is None and self.policy is None


@dataclass(frozen=True, slots=True)
class StatusRegistry:
    """A status list. `purpose` is what it says something about, `messages` what the values of such a list mean."""

    id: UUID
    uri: str
    mechanism: str
    bits: int
    max_entries: int
    block_size: int
    shard_bytes: int
    permutation_key: bytes
    ttl: timedelta
    purpose: str = "revocation"
    messages: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What configurations call it: its mechanism, and its purpose where that is another than revocation."""
        return kind_of(self.mechanism, self.purpose)

    def reference(self, index: int) -> StatusReference:
        """A place of it as a credential names it."""
        bits = self.bits if self.messages else None
        return StatusReference(self.mechanism, self.uri, index, self.purpose, bits, messages=self.messages)


def kind_of(mechanism: str, purpose: str) -> str:
    """The kind of the lists of a mechanism for a purpose."""
    return mechanism if purpose == "revocation" else f"{mechanism}/{purpose}"


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """An OpenID Provider of the tenant's choice. `secret` is its client secret, or the `key` signs for us."""

    id: UUID
    issuer: str
    name: str
    client_id: str
    authentication_method: str
    scope: str
    uses_userinfo: bool = False
    secret: str | None = field(default=None, repr=False)
    key: KeyHandle | None = None
    public_key: Mapping[str, Any] | None = None


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
    rotate_refresh_tokens: bool = True
    revoke_on_code_replay: bool = False
    password_sign_in: bool = True
    passkey_sign_in: bool = True
    upstream_sign_in: bool = True
    demo_sign_in: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class VerifierSettings:
    """How the tenant asks for presentations; a profile (HAIP) limits every request.

    `client_id` is what wallets were told beforehand, `attestation` a Verifier Attestation JWT; `verifier_info` goes
    with every request; `transaction_data_types` are JSON Schemas by type; where `redirect_uris` or `origins` are
    named, no others will do; `webhook` (`url`, `secret_version`) is told how presentations ended.
    """

    profiles: tuple[str, ...] = ("openid4vp-1.0",)
    client_id: str | None = None
    attestation: str | None = None
    verifier_info: tuple[Mapping[str, Any], ...] = ()
    transaction_data_types: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    redirect_uris: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    webhook: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TenantCatalogue:
    """Everything about a tenant that changes rarely. `version` names this very content, for derived caches.

    `status_registries`: by kind, the list that takes credentials at the moment. `verification_policies`: those in
    force, by name. `configurations` are offered and advertised; `retired` ones are not, and serve what was begun under
    them. `revoked` are certificates (DER) that the tenant's own authorities took back, published or not. `tenant` is
    how it has set itself up.
    """

    version: str
    issuer_id: UUID
    issuer_display: tuple[Mapping[str, Any], ...]
    verifier_id: UUID
    verifier_name: str
    dns_names: tuple[str, ...]
    keys: tuple[SigningKey, ...]
    configurations: Mapping[str, CredentialConfiguration]
    anchors: tuple[TrustAnchor, ...]
    status_registries: Mapping[str, StatusRegistry]
    profiles: frozenset[str] = frozenset({"openid4vci-1.0"})
    did: str | None = None
    policy: IssuerPolicy = IssuerPolicy()
    verifier: VerifierSettings = VerifierSettings()
    settings: Mapping[str, Any] = field(default_factory=dict)
    identity_providers: tuple[IdentityProvider, ...] = ()
    verification_policies: Mapping[str, VerificationPolicy] = field(default_factory=dict)
    retired: Mapping[str, CredentialConfiguration] = field(default_factory=dict)
    revoked: frozenset[bytes] = frozenset()
    tenant: TenantSettings = DEFAULTS

    @property
    def every_configuration(self) -> tuple[CredentialConfiguration, ...]:
        """The retired ones too: credentials may still be issued by them."""
        return (*self.configurations.values(), *self.retired.values())

    def configuration(self, name: str) -> CredentialConfiguration | None:
        """One of the tenant's, retired or not."""
        return self.configurations.get(name) or self.retired.get(name)

    def opens(self, scope: str) -> bool:
        """Whether the tenant lets anybody do what else needs this scope."""
        return scope == "vc-api:use" and self.settings.get("vc_api") == "open"

    def key(self, purpose: str) -> SigningKey:
        """The active signing key for a purpose ("ca", "issuer", "verifier", "audit"). Raises KeyError."""
        for key in self.keys:
            if key.purpose == purpose and key.active:
                return key
        raise KeyError(purpose)
