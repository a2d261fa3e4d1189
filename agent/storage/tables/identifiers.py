"""DIDs and their documents."""

from agent.storage.tables.columns import table

dids = table(
    "dids",
    uuid="tenant_id id wallet_id",
    text="did method status",
    data="did_sealed did_index",
    time="created_at deactivated_at updated_at",
    int4="row_version",
)

did_aliases = table(
    "did_aliases",
    uuid="tenant_id did_id",
    data="alias_index",
)

did_documents = table(
    "did_documents",
    uuid="tenant_id did_id",
    int4="version",
    json="document",
    data="document_sealed digest",
    text="log_entry",
    time="created_at",
)

service_endpoints = table(
    "service_endpoints",
    uuid="tenant_id did_id",
    text="service_id type",
    json="endpoint",
    int4="priority",
)
