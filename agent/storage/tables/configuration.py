"""Credential types, schemas, configurations, policies and stored queries."""

from agent.storage.tables.columns import table

credential_schemas = table(
    "credential_schemas",
    uuid="tenant_id id",
    text="schema_id name version",
    json="json_schema validation_rules",
    texts="required_fields",
    time="created_at",
)

credential_types = table(
    "credential_types",
    uuid="tenant_id id",
    text="type_name schema_url",
    json="schema_definition rules type_metadata",
    texts="contexts",
    data="metadata_digest",
    flag="is_active",
    time="created_at updated_at",
    int4="row_version",
)

credential_configurations = table(
    "credential_configurations",
    uuid="tenant_id id issuer_id type_tenant_id type_id schema_tenant_id schema_id",
    text="credential_configuration_id format scope policy_name",
    json="claims display binding claim_source",
    texts="algorithms status_types searchable",
    interval="lifetime",
    flag="is_active",
    time="created_at updated_at",
    int4="row_version",
)

issuance_policies = table(
    "issuance_policies",
    uuid="tenant_id id issuer_id",
    text="policy_name state fee_currency",
    int4="version row_version",
    json="eligibility_criteria required_evidence approval_workflow payment_gate",
    flag="requires_payment",
    numeric="fee_amount",
    time="created_at activated_at retired_at updated_at",
)

verification_policies = table(
    "verification_policies",
    uuid="tenant_id id verifier_id",
    text="policy_name state revocation_mode",
    int4="version max_credential_age_days row_version",
    json="acceptance_rules trust_list",
    texts="required_fields",
    flag="check_revocation",
    time="created_at activated_at retired_at updated_at",
)

dcql_queries = table(
    "dcql_queries",
    uuid="tenant_id id",
    text="name state",
    int4="version row_version",
    json="dcql_query purpose",
    data="digest",
    time="created_at activated_at retired_at updated_at",
)
