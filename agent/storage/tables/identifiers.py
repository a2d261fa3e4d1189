"""DIDs and their documents."""

from agent.storage.tables.columns import table

dids = table(
    "dids",
    uuid="tenant_id id wallet_id",
    text="did method status place pending_entry",
    data="did_sealed did_index",
    time="created_at deactivated_at updated_at",
    int4="row_version",
    flag="serves_web",
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

did_witness_proofs = table(
    "did_witness_proofs",
    uuid="tenant_id did_id",
    int4="version",
    text="witness",
    json="proof",
    time="created_at",
)

peer_dids = table(
    "peer_dids",
    uuid="tenant_id id",
    data="short_index long_sealed",
    time="created_at",
)
