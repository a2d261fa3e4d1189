"""Credentials and their search tags."""

from agent.storage.tables.columns import table

credentials = table(
    "credentials",
    uuid="tenant_id id wallet_id issuance_id type_tenant_id type_id "
    "schema_tenant_id schema_id configuration_id subject_key_id key_pair_id batch_id issuer_id",
    text="role credential_id type format issuer_identifier_kind issuer_identifier status",
    data="credential_id_hash subject_sealed proof_sealed holder_key_index issuer_hash",
    time="used_at issued_at expires_at created_at deleted_at updated_at",
    json="metadata",
    int4="row_version",
)

credential_tags = table(
    "credential_tags",
    uuid="tenant_id credential_id",
    data="tag",
)
