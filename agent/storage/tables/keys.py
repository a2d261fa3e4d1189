"""The key hierarchy and key pairs."""

from agent.storage.tables.columns import table

hsm_keys = table(
    "hsm_keys",
    uuid="tenant_id id",
    text="token_label key_label mechanism",
    data="cka_id",
    flag="extractable",
    time="created_at destroyed_at",
)

tenant_keys = table(
    "tenant_keys",
    uuid="tenant_id id",
    text="purpose algorithm kek_ref",
    int4="version kek_epoch",
    data="wrapped_key",
    time="created_at retired_at destroyed_at",
)

subject_keys = table(
    "subject_keys",
    uuid="tenant_id id user_id request_id person_key_id wrapping_key_id",
    data="subject_index wrapped_key",
    int4="kek_epoch",
    time="created_at destroyed_at",
)

key_pairs = table(
    "key_pairs",
    uuid="tenant_id id wallet_id issuer_id verifier_id hsm_key_id rotation_of",
    text="owner key_id type purpose algorithm key_store state",
    data="key_index public_key public_sealed thumbprint_index private_key_ref",
    datas="certificate_chain",
    time="created_at expires_at retiring_at retired_at destroyed_at revoked_at updated_at",
    flag="is_revoked",
    int4="row_version",
)

key_metadata = table(
    "key_metadata",
    uuid="tenant_id key_pair_id",
    text="label",
    date="last_used_on",
    json="policy",
)

did_verification_methods = table(
    "did_verification_methods",
    uuid="tenant_id did_id key_pair_id",
    text="fragment",
    texts="relationships",
)
