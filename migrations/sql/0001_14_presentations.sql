-- ------------------------------------------------------------ presentations
-- SEED: challenge in clear, kept.  This row is the transaction: it begins with the
-- request and ends with the first valid answer.  The nonce and state that go out are
-- derived from the id under a key of the tenant, so only their hashes lie here and the
-- request can be signed again when it is fetched again.
CREATE TABLE presentation_requests (
  tenant_id             uuid NOT NULL DEFAULT current_tenant(),
  id                    uuid NOT NULL DEFAULT gen_random_uuid(),
  verifier_id           uuid NOT NULL,
  request_id            text NOT NULL CHECK (octet_length(request_id) <= 1024),
  state                 text NOT NULL DEFAULT 'created'
                        CHECK (state IN ('created','fetched','answered','refused','verified','collected','expired','cancelled')),
  query_id              uuid,                    -- dcql_queries, when it came from a stored one
  policy_id             uuid,                    -- verification_policies
  requested_credentials jsonb NOT NULL,          -- the dcql_query as sent
  required_fields       text[] NOT NULL DEFAULT '{}',
  constraints           jsonb NOT NULL DEFAULT '{}',
  client_id_prefix      word,
  response_mode         word NOT NULL,           -- direct_post, direct_post.jwt, dc_api, dc_api.jwt, fragment, didcomm
  request_hash          digest256,               -- of the Request Object as last signed
  challenge_hash        digest256 NOT NULL,      -- nonce
  state_hash            digest256,
  response_code_hash    digest256,
  browser_hash          digest256,               -- same device: the session that began
  transaction_data_sealed sealed,
  encryption_key_id     uuid,                    -- fresh for each request
  encryption_key_ref    sealed,                  -- or a handle to it, when it lives no longer than this row
  domain                text NOT NULL,
  created_at            timestamptz NOT NULL DEFAULT now(),
  expires_at            timestamptz NOT NULL,
  fetched_at            timestamptz,
  consumed_at           timestamptz,             -- a challenge is answered once
  updated_at            timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, request_id),
  UNIQUE (tenant_id, challenge_hash),
  FOREIGN KEY (tenant_id, encryption_key_id) REFERENCES key_pairs (tenant_id, id),
  CHECK (expires_at > created_at)
) WITH (fillfactor = 70);
CREATE INDEX presentation_requests_state ON presentation_requests (tenant_id, state_hash) WHERE state_hash IS NOT NULL;
CREATE INDEX presentation_requests_code ON presentation_requests (tenant_id, response_code_hash) WHERE response_code_hash IS NOT NULL;
CREATE INDEX presentation_requests_verifier ON presentation_requests (tenant_id, verifier_id, created_at DESC);
CREATE INDEX presentation_requests_expiry ON presentation_requests (tenant_id, expires_at) WHERE consumed_at IS NULL;

CREATE TABLE presentations (                     -- a holder answers a stranger's request: request_id may be absent
  tenant_id       uuid NOT NULL DEFAULT current_tenant(),
  id              uuid NOT NULL DEFAULT gen_random_uuid(),
  role            text NOT NULL CHECK (role IN ('holder','verifier')),
  wallet_id       uuid,
  request_id      uuid,
  peer_sealed     sealed,                        -- holder: who asked (client_id, chain), for the history of disclosures
  peer_index      blind_index,
  presentation_id text NOT NULL CHECK (octet_length(presentation_id) <= 1024),
  presentation_sealed sealed,                    -- SEED: JSON in clear holds disclosed claims.  Absent where policy keeps none
  presentation_hash digest256 NOT NULL,          -- what evidence and reports refer to
  subject_key_id  uuid,
  holder_sealed   sealed,                        -- SEED: holder_did in clear
  holder_index    blind_index,
  presented_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, presentation_id),
  FOREIGN KEY (tenant_id, wallet_id) REFERENCES wallets (tenant_id, id),
  FOREIGN KEY (tenant_id, request_id) REFERENCES presentation_requests (tenant_id, id),
  FOREIGN KEY (tenant_id, subject_key_id) REFERENCES subject_keys (tenant_id, id),
  CHECK (role = 'verifier' OR wallet_id IS NOT NULL)
) PARTITION BY HASH (tenant_id);
DO $$ BEGIN FOR i IN 0..7 LOOP
  EXECUTE format('CREATE TABLE agent.presentations_h%s PARTITION OF agent.presentations FOR VALUES WITH (MODULUS 8, REMAINDER %s)', i, i);
END LOOP; END $$;
CREATE INDEX presentations_wallet ON presentations (tenant_id, wallet_id, presented_at DESC) WHERE wallet_id IS NOT NULL;
CREATE INDEX presentations_request ON presentations (tenant_id, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX presentations_subject ON presentations (tenant_id, subject_key_id) WHERE subject_key_id IS NOT NULL;

CREATE TABLE presentation_credentials (          -- SEED: String[] credential_ids
  tenant_id       uuid NOT NULL DEFAULT current_tenant(),
  presentation_id uuid NOT NULL,
  credential_id   uuid NOT NULL,
  disclosed_paths text[] NOT NULL DEFAULT '{}',  -- names of claims, no values
  PRIMARY KEY (tenant_id, presentation_id, credential_id),
  FOREIGN KEY (tenant_id, presentation_id) REFERENCES presentations (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, credential_id) REFERENCES credentials (tenant_id, id)
);
CREATE INDEX presentation_credentials_credential ON presentation_credentials (tenant_id, credential_id);

CREATE TABLE presentation_proofs (
  tenant_id           uuid NOT NULL DEFAULT current_tenant(),
  id                  uuid NOT NULL DEFAULT gen_random_uuid(),
  presentation_id     uuid NOT NULL,
  type                word NOT NULL,             -- kb+jwt, DataIntegrityProof, deviceSignature, ...
  verification_method_sealed sealed,             -- SEED: in clear; it is the holder's DID or key
  proof_value_sealed  sealed NOT NULL,
  created             timestamptz NOT NULL,
  challenge_hash      digest256,
  domain              text,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, presentation_id) REFERENCES presentations (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX presentation_proofs_presentation ON presentation_proofs (tenant_id, presentation_id);

-- Many and short-lived: by month.  SEED: 1:1 with a presentation; the newest counts, and an
-- answer that could not even be opened has a result without a presentation.
CREATE TABLE verification_results (
  tenant_id           uuid NOT NULL DEFAULT current_tenant(),
  verified_at         timestamptz NOT NULL DEFAULT now(),
  id                  uuid NOT NULL DEFAULT gen_random_uuid(),
  request_id          uuid,
  presentation_id     uuid,
  verifier_id         uuid NOT NULL,
  policy_id           uuid,                      -- the version that decided
  is_valid            boolean NOT NULL,
  checks_sealed       sealed,                    -- SEED: verification_checks in clear; expected and seen values are claims
  errors              text[] NOT NULL DEFAULT '{}',    -- code words
  warnings            text[] NOT NULL DEFAULT '{}',
  answer_hash         digest256,                 -- of the bytes refused, when there is no presentation
  answer_size         bigint,
  metadata            jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, verified_at, id),
  FOREIGN KEY (tenant_id, request_id) REFERENCES presentation_requests (tenant_id, id),
  FOREIGN KEY (tenant_id, presentation_id) REFERENCES presentations (tenant_id, id),
  CHECK (num_nonnulls(request_id, presentation_id) >= 1),
  CHECK (NOT is_valid OR presentation_id IS NOT NULL)
) PARTITION BY RANGE (verified_at);
CREATE INDEX verification_results_presentation ON verification_results (tenant_id, presentation_id, verified_at DESC) WHERE presentation_id IS NOT NULL;
CREATE INDEX verification_results_request ON verification_results (tenant_id, request_id, verified_at DESC) WHERE request_id IS NOT NULL;
CREATE INDEX verification_results_refused ON verification_results (tenant_id, verifier_id, verified_at DESC) WHERE NOT is_valid;
