"""Outbox, webhooks, events, rollups, idempotency."""

from agent.storage.tables.columns import table

webhook_endpoints = table(
    "webhook_endpoints",
    uuid="tenant_id id",
    text="name url state",
    texts="topics",
    data="secret_sealed previous_secret_sealed",
    int4="failures row_version",
    int8="delivered_to",
    time="retry_at created_at updated_at",
)

events = table(
    "events",
    uuid="tenant_id id",
    time="occurred_at",
    int8="sequence",
    text="type subject",
    json="data",
)

webhook_deliveries = table(
    "webhook_deliveries",
    uuid="tenant_id id endpoint_id event_id",
    time="attempted_at",
    int2="attempt status_code",
    text="outcome",
    int4="milliseconds",
)

daily_rollups = table(
    "daily_rollups",
    uuid="tenant_id",
    date="day",
    text="metric type reason",
    int8="amount",
)

rollup_watermarks = table(
    "rollup_watermarks",
    uuid="tenant_id",
    text="rollup",
    int4="epoch",
    xid="up_to_xact",
    time="moved_at",
)

outbox = table(
    "outbox",
    int8="id",
    uuid="tenant_id",
    text="topic key",
    json="payload",
    time="created_at available_at",
    int2="attempts",
    xid="xact",
)

idempotency_keys = table(
    "idempotency_keys",
    uuid="tenant_id",
    data="key_hash request_hash response_sealed",
    int2="status_code",
    time="created_at expires_at",
)
