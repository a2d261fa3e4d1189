"""AnonCreds: the registry, exchanges, holdings."""

from agent.storage.tables.columns import table

anoncreds_objects = table(
    "anoncreds_objects",
    uuid="tenant_id id parent_id",
    text="kind",
    data="content secret_sealed tails",
    int4="capacity next_place row_version",
    time="created_at",
)

anoncreds_status_lists = table(
    "anoncreds_status_lists",
    uuid="tenant_id registry_id",
    int4="version",
    int8="in_force",
    data="content",
)

anoncreds_exchanges = table(
    "anoncreds_exchanges",
    uuid="tenant_id id definition_id registry_id",
    text="role state",
    data="details_sealed",
    int4="registry_place",
    time="created_at updated_at",
)

anoncreds_holdings = table(
    "anoncreds_holdings",
    uuid="tenant_id id",
    text="kind",
    data="content_sealed",
    time="created_at",
)
