"""Presentation requests, presentations and results."""

from agent.storage.tables.columns import table

presentation_requests = table(
    "presentation_requests",
    uuid="tenant_id id verifier_id query_id policy_id encryption_key_id",
    text="request_id state client_id_prefix response_mode domain",
    json="requested_credentials constraints",
    texts="required_fields",
    data="request_hash challenge_hash state_hash "
    "response_code_hash browser_hash transaction_data_sealed encryption_key_ref",
    time="created_at expires_at fetched_at consumed_at updated_at",
    flag="watched",
    int4="row_version",
)

presentations = table(
    "presentations",
    uuid="tenant_id id wallet_id request_id subject_key_id",
    text="role presentation_id",
    data="peer_sealed peer_index presentation_sealed presentation_hash holder_sealed holder_index",
    time="presented_at",
)

presentation_credentials = table(
    "presentation_credentials",
    uuid="tenant_id presentation_id credential_id",
    texts="disclosed_paths",
)

presentation_proofs = table(
    "presentation_proofs",
    uuid="tenant_id id presentation_id",
    text="type domain",
    data="verification_method_sealed proof_value_sealed challenge_hash",
    time="created",
)

verification_results = table(
    "verification_results",
    uuid="tenant_id id request_id presentation_id verifier_id policy_id",
    time="verified_at",
    flag="is_valid",
    data="checks_sealed answer_hash",
    texts="errors warnings",
    int8="answer_size",
    json="metadata",
)
