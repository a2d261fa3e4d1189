"""Classification, retention, erasure, consent, quality."""

from agent.storage.tables.columns import table

column_classifications = table(
    "column_classifications",
    text="table_name column_name class",
    flag="personal sealed",
)

retention_policies = table(
    "retention_policies",
    uuid="tenant_id",
    text="table_name classification erase_mode",
    interval="warm_after cool_after cold_after erase_after",
    flag="legal_hold",
    time="updated_at",
    int4="row_version",
)

archive_segments = table(
    "archive_segments",
    uuid="tenant_id id key_id",
    text="table_name tier object_key format",
    daterange="period",
    int8="row_count byte_count",
    data="sha256 merkle_root",
    time="created_at verified_at erased_at",
)

erasure_requests = table(
    "erasure_requests",
    uuid="tenant_id id target_id requested_by approved_by",
    uuids="key_ids",
    data="subject_index external_index",
    text="scope legal_basis",
    time="requested_at approved_at soft_deleted_at key_destroyed_at rows_deleted_at completed_at updated_at",
    json="certificate",
    int4="row_version",
)

erasure_acts = table(
    "erasure_acts",
    uuid="tenant_id id request_id target_id",
    time="acted_at",
    text="acted_by scope table_name",
    int8="row_count",
    int4="epoch",
    xid="xact",
)

consents = table(
    "consents",
    uuid="tenant_id id user_id",
    text="kind purpose legal_basis policy",
    data="request_hash counterparty_index",
    texts="disclosed_paths",
    time="granted_at expires_at used_at withdrawn_at",
)

quality_rules = table(
    "quality_rules",
    uuid="tenant_id id",
    text="name dimension table_name check_name",
    json="parameters",
    numeric="threshold",
    flag="is_active",
)

quality_results = table(
    "quality_results",
    uuid="tenant_id id rule_id",
    time="checked_at",
    int8="checked failed",
    json="details",
)
