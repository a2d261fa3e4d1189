-- ------------------------------------------------------- the class of every column
-- SEED 9.2.  table: class columns; ...   A plus says: about a person.  sealed follows from
-- the type.  tenant_id, id, created_at, updated_at, row_version, epoch and xact are
-- internal everywhere.  A column that is missing here, or here only, stops the file; a
-- later migration that adds a column adds its row, and a test repeats this check.
DO $do$
DECLARE
  spec text := $spec$
tenants: internal+ created_by; internal name display_name status tier placement database_name dsn_ref revocation_epoch
tenant_limits: internal max_users max_wallets max_credentials max_storage_gb max_api_calls_per_month max_verifications_per_month
usage_counters: internal metric period leased used hard_count counted_at
usage_leases: internal metric period units holder leased_at expires_at
tenant_configurations: internal features branding security integrations notifications
tenant_moves: internal direction mode state source_ref target_ref progress started_at finished_at
hsm_keys: internal token_label key_label cka_id mechanism extractable destroyed_at
tenant_keys: restricted wrapped_key; internal purpose version algorithm kek_ref kek_epoch retired_at destroyed_at
organizations: internal name type metadata is_active
users: restricted+ external_id_sealed email_sealed phone_sealed profile_sealed; sensitive+ external_id_index email_index phone_index; internal+
    last_login organization_id status roles preferences
user_authenticators: restricted+ secret_sealed; sensitive+ user_id lookup; internal+ last_used_on; internal kind sign_count upstream_issuer
    failed_attempts locked_until revoked_at
subject_keys: restricted+ wrapped_key; sensitive+ user_id subject_index; internal wrapping_key_id kek_epoch destroyed_at
sessions: restricted+ token_hash; sensitive+ user_id ip_network device_sealed; internal+ authenticator_id last_activity; internal expires_at
    revoked_at
api_keys: restricted key_hash; sensitive+ user_id; internal+ last_used_on; internal name prefix scopes expires_at revoked_at
wallets: restricted+ backup_sealed; sensitive+ user_id wallet_did_sealed wallet_did_index; internal type status metadata recovery_method
dids: sensitive+ wallet_id did_sealed did_index; internal status deactivated_at; public did method
did_aliases: sensitive+ alias_index; internal did_id
did_documents: sensitive+ document_sealed; internal did_id version digest; public document log_entry
service_endpoints: public did_id service_id type endpoint priority
credential_schemas: public schema_id name version json_schema required_fields validation_rules
credential_types: public type_name schema_url schema_definition contexts rules type_metadata metadata_digest is_active
trust_registries: public name version kind source_url governance_framework maintained_by sequence_no fetched_at next_update
trust_anchors: public registry_id identifier_kind identifier identifier_hash certificate certificate_thumbprint subject_key_id entity_type name roles
    public_keys service_endpoints trust_level registered_at expires_at is_active
trust_chains: internal root_anchor_tenant_id root_anchor_id chain_depth validated_at valid_until is_valid reason
trust_chain_members: internal chain_id position anchor_tenant_id anchor_id
issuers: internal type issuer_config anchor_tenant_id anchor_id is_active registered_at; public identifier_kind identifier identifier_hash certificate
    certificate_thumbprint name credential_types public_keys service_endpoints
verifiers: internal type accepted_credentials verifier_config anchor_tenant_id anchor_id is_active registered_at; public identifier_kind identifier
    identifier_hash certificate certificate_thumbprint client_id_prefixes name
wallet_providers: internal requirements is_own anchor_tenant_id anchor_id is_active; public identifier_kind identifier identifier_hash certificate
    certificate_thumbprint name public_keys
key_pairs: restricted private_key_ref; sensitive+ wallet_id public_sealed key_index thumbprint_index; internal owner issuer_id verifier_id type
    purpose algorithm key_store hsm_key_id state rotation_of expires_at retiring_at retired_at destroyed_at revoked_at is_revoked; public key_id
    public_key certificate_chain
key_metadata: internal key_pair_id label last_used_on policy
did_verification_methods: internal did_id key_pair_id fragment relationships
credential_configurations: public issuer_id credential_configuration_id type_tenant_id type_id schema_tenant_id schema_id format scope claims display
    binding algorithms lifetime status_types is_active; internal claim_source searchable
issuance_policies: internal issuer_id policy_name version state eligibility_criteria required_evidence approval_workflow requires_payment fee_amount
    fee_currency activated_at retired_at
verification_policies: internal verifier_id policy_name version state acceptance_rules required_fields max_credential_age_days check_revocation
    revocation_mode trust_list activated_at retired_at
dcql_queries: internal name version state dcql_query digest purpose activated_at retired_at
revocation_registries: restricted permutation_sealed; internal issuer_id anchor_id state current_index block_size shard_bytes published_version
    published_at; public registry_url type purpose bits messages max_entries accumulator ttl
status_list_shards: public registry_id shard_no bits version; internal changed_at
status_list_blocks: internal registry_id block_no kind first_place size taken_by taken_at
status_list_tokens: public registry_id issued_at media_type version expires_at token key_pair_id
oauth_clients: internal client_id name authentication_method wallet_provider_id jwks certificate_subject redirect_uris grant_types scopes is_active
issuances: restricted+ claims_sealed tx_code_mac; sensitive+ user_id subject_key_id token_hash dpop_thumbprint; internal issuer_id state grant_type
    credential_configuration_ids policy_id offer_hash code_hash issuer_state_hash tx_code_attempts client_id notification_hash notified_event
    credentials_issued failure code_expires_at token_expires_at expires_at settled_at
pushed_authorization_requests: sensitive+ parameters_sealed dpop_thumbprint; internal request_uri_hash client_id expires_at used_at
authorization_sessions: sensitive+ session_id browser_hash request_sealed dpop_thumbprint; internal issuance_id client_id state code_hash
    code_challenge upstream_state_hash expires_at
refresh_token_families: sensitive+ dpop_thumbprint token_hash; internal issuance_id client_id previous_hash generation rotated_at expires_at
    revoked_at
deferred_issuances: sensitive+ request_sealed; internal issuance_id transaction_hash state interval_seconds polled_at expires_at
approvals: sensitive+ evidence_sealed; internal+ decided_by; internal issuance_id policy_id step state decided_at reason
claim_records: restricted+ claims_sealed; sensitive+ subject_index subject_key_id; internal source loaded_at
replay_marks: internal slot kind mark day
wallet_instances: sensitive+ wallet_id instance_index properties_sealed; internal+ last_seen_on; internal provider_id state revoked_at
wallet_attestations: sensitive+ key_index status_idx; internal instance_id kind key_pair_id status_registry_id issued_at expires_at
credentials: sensitive+ wallet_id credential_id credential_id_hash subject_key_id subject_sealed proof_sealed holder_key_index; internal+ type status
    issuance_id issued_at expires_at issuer_identifier issuer_hash batch_id used_at metadata; internal role type_tenant_id type_id schema_tenant_id
    schema_id configuration_id format key_pair_id issuer_identifier_kind issuer_id deleted_at
credential_tags: sensitive+ tag credential_id
credential_statuses: sensitive+ credential_id status_list_index; internal+ changed_by; internal status status_value revocation_registry_id
    status_list_url changed_at reason
status_list_entries: sensitive+ idx credential_id; internal registry_id block_no purpose
presentation_requests: restricted encryption_key_ref; sensitive+ browser_hash transaction_data_sealed; internal verifier_id request_id state query_id
    policy_id requested_credentials required_fields constraints client_id_prefix response_mode request_hash challenge_hash state_hash
    response_code_hash encryption_key_id domain expires_at fetched_at consumed_at
presentations: sensitive+ wallet_id peer_sealed peer_index presentation_sealed subject_key_id holder_sealed holder_index; internal role request_id
    presentation_id presentation_hash presented_at
presentation_credentials: sensitive+ credential_id; internal+ disclosed_paths; internal presentation_id
presentation_proofs: sensitive+ verification_method_sealed proof_value_sealed; internal presentation_id type created challenge_hash domain
verification_results: sensitive+ checks_sealed; internal verified_at request_id presentation_id verifier_id policy_id is_valid errors warnings
    answer_hash answer_size metadata
audit_logs: sensitive+ user_id before_sealed after_sealed ip_network context_sealed; internal occurred_at actor_kind event_type resource_type
    resource_id action correlation_id metadata
audit_seals: public seal_no from_xact to_xact leaf_count leaves merkle_root prev_hash seal_hash signature algorithm key_thumbprint sealed_at
    witnessed_at
data_access_logs: sensitive+ subject_index; internal+ fields_accessed; internal accessed_at audit_log_id audit_occurred_at data_classification purpose
    legal_basis user_consent consent_id
security_events: sensitive+ details_sealed source_network source_index; internal detected_at severity event_category description detection_method
    action_taken audit_log_id audit_occurred_at
compliance_records: internal+ assessed_by; internal regulation requirement status evidence assessed_at next_review
column_classifications: internal table_name column_name class personal sealed
retention_policies: internal table_name classification warm_after cool_after cold_after erase_mode erase_after legal_hold
archive_segments: internal table_name period tier object_key format row_count byte_count sha256 merkle_root key_id verified_at erased_at
erasure_requests: internal+ target_id requested_by approved_by; internal scope legal_basis requested_at approved_at soft_deleted_at key_destroyed_at
    rows_deleted_at completed_at certificate
erasure_acts: internal+ acted_by target_id; internal request_id acted_at scope table_name row_count
consents: sensitive+ user_id counterparty_index; internal+ disclosed_paths; internal kind purpose legal_basis request_hash policy granted_at
    expires_at used_at withdrawn_at
quality_rules: internal name dimension table_name check_name parameters threshold is_active
quality_results: internal rule_id checked_at checked failed details
connections: sensitive+ wallet_id their_did_sealed their_did_index their_label_sealed invitation_sealed; internal our_did_id protocol didcomm_version
    state invitation_hash multi_use policy tags expires_at
threads: sensitive+ thid_sealed data_sealed; internal+ thread_hash parent_hash; internal connection_id protocol role state issuance_id request_id
    closed_at expires_at
messages: sensitive+ body_sealed; internal+ message_hash; internal thread_id direction type state sent_at
mediations: internal connection_id role state endpoint routing_dids queue_limit live_until live_at
mediation_keys: sensitive+ recipient_index recipient_sealed; internal mediation_id
message_queue: sensitive+ recipient_index envelope sender_index; internal mediation_id received_at delivered_at expires_at
webhook_endpoints: restricted secret_sealed previous_secret_sealed; internal name url topics state failures delivered_to retry_at
events: internal occurred_at sequence type subject data
webhook_deliveries: internal attempted_at endpoint_id event_id attempt outcome status_code milliseconds
daily_rollups: internal day metric type reason amount
rollup_watermarks: internal rollup up_to_xact moved_at
outbox: internal topic key payload available_at attempts
idempotency_keys: sensitive+ response_sealed; internal key_hash request_hash status_code expires_at
$spec$;
  missing text; stray text;
BEGIN
  INSERT INTO agent.column_classifications (table_name, column_name, class, personal, sealed)
  WITH line AS (SELECT split_part(l, ': ', 1) AS tab, split_part(l, ': ', 2) AS groups
                  FROM regexp_split_to_table(regexp_replace(spec, E'\\n +', ' ', 'g'), E'\\n') l WHERE l <> ''),
       grp  AS (SELECT tab, split_part(trim(g), ' ', 1) AS class, substr(trim(g), strpos(trim(g), ' ') + 1) AS cols
                  FROM line, regexp_split_to_table(groups, ';') g),
       said AS (SELECT tab, col, rtrim(class, '+') AS class, class LIKE '%+' AS personal FROM grp, regexp_split_to_table(cols, ' ') col),
       cols AS (SELECT c.relname, a.attname, a.atttypid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                 WHERE c.relnamespace = 'agent'::regnamespace AND c.relkind IN ('r','p') AND NOT c.relispartition)
  SELECT coalesce(tab, relname), coalesce(col, attname), coalesce(class, 'internal'), coalesce(personal, false),
         coalesce(atttypid = 'agent.sealed'::regtype, false)
    FROM said FULL JOIN cols ON relname = tab AND attname = col
   WHERE tab IS NOT NULL OR attname IN ('tenant_id','id','created_at','updated_at','row_version','epoch','xact');

  SELECT string_agg(c.relname || '.' || a.attname, ', ') INTO missing
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE c.relnamespace = 'agent'::regnamespace AND c.relkind IN ('r','p') AND NOT c.relispartition
     AND NOT EXISTS (SELECT FROM agent.column_classifications k WHERE k.table_name = c.relname AND k.column_name = a.attname);
  SELECT string_agg(k.table_name || '.' || k.column_name, ', ') INTO stray FROM agent.column_classifications k
   WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass('agent.' || k.table_name) AND a.attname = k.column_name AND NOT a.attisdropped);
  IF missing IS NOT NULL OR stray IS NOT NULL THEN RAISE EXCEPTION 'columns without a class: %; classes without a column: %', missing, stray; END IF;
END $do$;

RESET ROLE;
-- <<<<<<<<<<<<<<<<<<<<<<<<<<<< END OF PART 2 <<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<
