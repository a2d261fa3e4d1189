"""Status lists: shards, blocks, entries and published tokens."""

from agent.storage.tables.columns import table

revocation_registries = table(
    "revocation_registries",
    uuid="tenant_id id issuer_id anchor_id",
    text="registry_url type purpose state",
    int2="bits",
    json="messages accumulator",
    int8="max_entries current_index published_version",
    int4="block_size shard_bytes row_version",
    data="permutation_sealed",
    interval="ttl",
    time="published_at created_at updated_at",
)

status_list_shards = table(
    "status_list_shards",
    uuid="tenant_id registry_id",
    int4="shard_no",
    data="bits",
    int8="version",
    time="changed_at",
)

status_list_blocks = table(
    "status_list_blocks",
    uuid="tenant_id registry_id",
    int8="block_no first_place",
    text="kind taken_by",
    int4="size",
    time="taken_at",
)

status_list_tokens = table(
    "status_list_tokens",
    uuid="tenant_id registry_id key_pair_id",
    time="issued_at expires_at",
    text="media_type",
    int8="version",
    data="token",
)

status_list_entries = table(
    "status_list_entries",
    uuid="tenant_id registry_id credential_id",
    int8="idx block_no",
    text="purpose",
)

credential_statuses = table(
    "credential_statuses",
    uuid="tenant_id id credential_id revocation_registry_id changed_by",
    text="status status_list_url reason",
    int2="status_value",
    int8="status_list_index",
    time="changed_at",
)

status_evidence = table(
    "status_evidence",
    uuid="tenant_id",
    data="digest token",
    text="uri media_type",
    time="issued_at fetched_at used_at",
)
