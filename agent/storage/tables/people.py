"""Organizations, users, their authenticators, sessions, API keys, wallets."""

from agent.storage.tables.columns import table

organizations = table(
    "organizations",
    uuid="tenant_id id",
    text="name type",
    json="metadata",
    flag="is_active",
    time="created_at updated_at",
    int4="row_version",
)

users = table(
    "users",
    uuid="tenant_id id organization_id",
    data="external_id_sealed external_id_index email_sealed email_index phone_sealed phone_index profile_sealed",
    text="status",
    texts="roles",
    json="preferences",
    time="created_at updated_at last_login",
    int4="row_version",
)

user_authenticators = table(
    "user_authenticators",
    uuid="tenant_id id user_id",
    text="kind upstream_issuer",
    data="lookup secret_sealed",
    int8="sign_count",
    time="created_at locked_until revoked_at updated_at",
    date="last_used_on",
    int2="failed_attempts",
    int4="row_version",
)

sessions = table(
    "sessions",
    uuid="tenant_id id user_id authenticator_id",
    data="token_hash device_sealed",
    network="ip_network",
    time="created_at expires_at last_activity revoked_at",
)

api_keys = table(
    "api_keys",
    uuid="tenant_id id user_id",
    text="name prefix",
    data="key_hash",
    texts="scopes",
    time="created_at expires_at revoked_at",
    date="last_used_on",
)

identity_providers = table(
    "identity_providers",
    uuid="tenant_id id",
    text="issuer name client_id authentication_method scope",
    data="secret_sealed",
    json="public_key",
    flag="uses_userinfo",
    time="created_at updated_at",
    int4="row_version",
)

wallets = table(
    "wallets",
    uuid="tenant_id id user_id",
    data="wallet_did_sealed wallet_did_index backup_sealed",
    text="type status recovery_method",
    json="metadata",
    time="created_at updated_at",
    int4="row_version",
)
