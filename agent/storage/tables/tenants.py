"""Tenants, their limits, configuration and moves."""

from agent.storage.tables.columns import table

tenants = table(
    "tenants",
    uuid="id created_by",
    text="name display_name status tier placement database_name dsn_ref",
    int8="revocation_epoch",
    time="created_at updated_at",
    int4="row_version",
)

tenant_limits = table(
    "tenant_limits",
    uuid="tenant_id",
    int8="max_users max_wallets max_credentials max_storage_gb max_api_calls_per_month max_verifications_per_month",
    time="updated_at",
    int4="row_version",
)

subscription_tiers = table(
    "subscription_tiers",
    uuid="tenant_id",
    text="name",
    int8="max_users max_credentials max_storage_gb max_api_calls_per_month max_verifications_per_month",
    time="updated_at",
    int4="row_version",
)

usage_counters = table(
    "usage_counters",
    uuid="tenant_id",
    text="metric",
    date="period",
    int8="leased used hard_count",
    time="counted_at",
)

usage_leases = table(
    "usage_leases",
    uuid="tenant_id id",
    text="metric holder",
    date="period",
    int8="units",
    time="leased_at expires_at",
)

tenant_configurations = table(
    "tenant_configurations",
    uuid="tenant_id",
    json="features branding security integrations notifications",
    time="updated_at",
    int4="row_version",
)

tenant_moves = table(
    "tenant_moves",
    uuid="tenant_id id",
    text="direction mode state source_ref target_ref",
    json="progress",
    time="started_at finished_at updated_at",
    int4="row_version",
)
