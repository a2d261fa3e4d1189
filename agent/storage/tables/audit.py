"""The append-only logs and their seals."""

from agent.storage.tables.columns import table

audit_logs = table(
    "audit_logs",
    uuid="tenant_id id user_id resource_id correlation_id",
    time="occurred_at",
    text="actor_kind event_type resource_type action",
    data="before_sealed after_sealed context_sealed",
    network="ip_network",
    json="metadata",
    int4="epoch",
    xid="xact",
)

audit_heads = table(
    "audit_heads",
    uuid="tenant_id",
    int8="seal_no",
    data="seal_hash",
    time="noted_at",
)

audit_seals = table(
    "audit_seals",
    uuid="tenant_id",
    int8="seal_no leaf_count",
    int4="epoch",
    xid="from_xact to_xact",
    data="leaves merkle_root prev_hash seal_hash signature key_thumbprint",
    text="algorithm",
    time="sealed_at witnessed_at",
)

data_access_logs = table(
    "data_access_logs",
    uuid="tenant_id id audit_log_id consent_id",
    time="accessed_at audit_occurred_at",
    data="subject_index",
    text="data_classification purpose legal_basis",
    texts="fields_accessed",
    flag="user_consent",
    int4="epoch",
    xid="xact",
)

security_events = table(
    "security_events",
    uuid="tenant_id id audit_log_id",
    time="detected_at audit_occurred_at",
    text="severity event_category description detection_method action_taken",
    data="details_sealed source_index",
    network="source_network",
    int4="epoch",
    xid="xact",
)

compliance_records = table(
    "compliance_records",
    uuid="tenant_id id assessed_by",
    text="regulation requirement status",
    json="evidence",
    time="assessed_at next_review updated_at",
    int4="row_version",
)
