"""Trust registries, anchors, chains; issuers, verifiers, wallet providers."""

from agent.storage.tables.columns import table

trust_registries = table(
    "trust_registries",
    uuid="tenant_id id",
    text="name version kind source_url maintained_by",
    json="governance_framework",
    int8="sequence_no",
    time="fetched_at next_update created_at updated_at",
    int4="row_version",
)

trust_anchors = table(
    "trust_anchors",
    uuid="tenant_id id registry_id",
    text="identifier_kind identifier entity_type name trust_level",
    data="identifier_hash certificate certificate_thumbprint subject_key_id",
    texts="roles",
    json="public_keys service_endpoints",
    time="registered_at expires_at updated_at",
    flag="is_active",
    int4="row_version",
)

trust_chains = table(
    "trust_chains",
    uuid="tenant_id id root_anchor_tenant_id root_anchor_id",
    int4="chain_depth",
    time="validated_at valid_until",
    flag="is_valid",
    text="reason",
)

trust_chain_members = table(
    "trust_chain_members",
    uuid="tenant_id chain_id anchor_tenant_id anchor_id",
    int4="position",
)

issuers = table(
    "issuers",
    uuid="tenant_id id anchor_tenant_id anchor_id",
    text="identifier_kind identifier name type",
    data="identifier_hash certificate certificate_thumbprint",
    texts="credential_types service_endpoints",
    json="issuer_config public_keys",
    flag="is_active",
    time="registered_at updated_at",
    int4="row_version",
)

verifiers = table(
    "verifiers",
    uuid="tenant_id id anchor_tenant_id anchor_id",
    text="identifier_kind identifier name type",
    data="identifier_hash certificate certificate_thumbprint",
    texts="client_id_prefixes accepted_credentials",
    json="verifier_config",
    flag="is_active",
    time="registered_at updated_at",
    int4="row_version",
)

wallet_providers = table(
    "wallet_providers",
    uuid="tenant_id id anchor_tenant_id anchor_id",
    text="identifier_kind identifier name",
    data="identifier_hash certificate certificate_thumbprint",
    json="public_keys requirements",
    flag="is_own is_active",
    time="created_at updated_at",
    int4="row_version",
)
