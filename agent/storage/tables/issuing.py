"""Authorization and issuance."""

from agent.storage.tables.columns import table

oauth_clients = table(
    "oauth_clients",
    uuid="tenant_id id wallet_provider_id",
    text="client_id name authentication_method certificate_subject",
    json="jwks",
    texts="redirect_uris grant_types scopes",
    flag="is_active",
    time="created_at updated_at",
    int4="row_version",
)

issuances = table(
    "issuances",
    uuid="tenant_id id issuer_id policy_id user_id subject_key_id client_id",
    text="state grant_type notified_event failure",
    texts="credential_configuration_ids",
    flag="by_identifier deferred",
    data="claims_sealed offer_hash code_hash issuer_state_hash "
    "token_hash tx_code_mac dpop_thumbprint certificate_thumbprint notification_hash",
    int2="tx_code_attempts",
    int4="credentials_issued row_version",
    time="created_at code_expires_at token_expires_at expires_at settled_at paid_at updated_at",
)

pushed_authorization_requests = table(
    "pushed_authorization_requests",
    uuid="tenant_id client_id",
    data="request_uri_hash parameters_sealed dpop_thumbprint",
    time="created_at expires_at used_at",
)

authorization_sessions = table(
    "authorization_sessions",
    uuid="tenant_id id issuance_id client_id session_id",
    data="browser_hash request_sealed code_hash dpop_thumbprint upstream_state_hash",
    text="state code_challenge",
    time="created_at expires_at updated_at",
    int4="row_version",
)

refresh_token_families = table(
    "refresh_token_families",
    uuid="tenant_id id issuance_id client_id",
    data="client_hash dpop_thumbprint token_hash previous_hash",
    int4="generation row_version",
    time="created_at rotated_at expires_at revoked_at updated_at",
)

deferred_issuances = table(
    "deferred_issuances",
    uuid="tenant_id id issuance_id configuration_id",
    data="transaction_hash request_sealed",
    text="state",
    texts="waiting_for",
    int4="interval_seconds row_version",
    time="polled_at created_at expires_at updated_at",
)

approvals = table(
    "approvals",
    uuid="tenant_id id issuance_id deferred_id policy_id decided_by",
    int2="step",
    text="state reason",
    data="evidence_sealed",
    time="decided_at created_at updated_at",
    int4="row_version",
)

claim_records = table(
    "claim_records",
    uuid="tenant_id subject_key_id",
    text="source",
    data="subject_index claims_sealed",
    time="loaded_at",
)

replay_marks = table(
    "replay_marks",
    uuid="tenant_id",
    int2="slot",
    text="kind",
    data="mark",
    int4="day",
)

wallet_instances = table(
    "wallet_instances",
    uuid="tenant_id id provider_id wallet_id",
    data="instance_index properties_sealed",
    text="state",
    time="created_at revoked_at updated_at",
    date="last_seen_on",
    int4="row_version",
)

wallet_attestations = table(
    "wallet_attestations",
    uuid="tenant_id id instance_id key_pair_id status_registry_id",
    text="kind",
    data="key_index",
    int8="status_idx",
    time="issued_at expires_at",
)

attempt_counters = table(
    "attempt_counters",
    uuid="tenant_id",
    text="kind",
    int2="bucket",
    time="began",
    int4="attempts",
)

issuance_evidence = table(
    "issuance_evidence",
    uuid="tenant_id request_id policy_id session_id issuance_id",
    time="created_at",
)
