-- --------------------------------------------------- authorization, issuance
CREATE TABLE oauth_clients (
  tenant_id   uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  client_id   text NOT NULL CHECK (octet_length(client_id) <= 2048),
  name        text NOT NULL,
  authentication_method word NOT NULL,           -- none, private_key_jwt, attest_jwt_client_auth, tls_client_auth, ...
  wallet_provider_id uuid,
  jwks        jsonb,
  certificate_subject text,
  redirect_uris text[] NOT NULL DEFAULT '{}',
  grant_types text[] NOT NULL DEFAULT '{}',
  scopes      text[] NOT NULL DEFAULT '{}',
  is_active   boolean NOT NULL DEFAULT true,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, client_id),
  FOREIGN KEY (tenant_id, wallet_provider_id) REFERENCES wallet_providers (tenant_id, id)
);

-- One offer and all that follows.  Codes and tokens are stored as SHA-256 only.  Every
-- step is UPDATE ... WHERE row_version = $n: who loses the race has sent nothing.
CREATE TABLE issuances (
  tenant_id     uuid NOT NULL DEFAULT current_tenant(),
  id            uuid NOT NULL DEFAULT gen_random_uuid(),   -- the application sends UUIDv7
  issuer_id     uuid NOT NULL,
  state         text NOT NULL DEFAULT 'offered'
                CHECK (state IN ('offered','authorizing','authorized','deferred','issued','notified','failed','cancelled','expired')),
  grant_type    word NOT NULL,
  credential_configuration_ids text[] NOT NULL,  -- as the offer spells them
  policy_id     uuid,                            -- the version of the policy that decided
  user_id       uuid,
  subject_key_id uuid,
  claims_sealed sealed,                          -- until settled; then NULL
  offer_hash    digest256,                       -- credential_offer_uri's secret part
  code_hash     digest256,                       -- pre-authorized_code or authorization code
  issuer_state_hash digest256,
  token_hash    digest256,
  tx_code_mac   blind_index,                     -- a short code: keyed, so that a copy of the table does not give it away
  tx_code_attempts smallint NOT NULL DEFAULT 0 CHECK (tx_code_attempts BETWEEN 0 AND 10),
  client_id     uuid,
  dpop_thumbprint digest256,
  notification_hash digest256,
  notified_event word,
  credentials_issued integer NOT NULL DEFAULT 0,
  failure       word,
  created_at    timestamptz NOT NULL DEFAULT now(),
  code_expires_at timestamptz,
  token_expires_at timestamptz,
  expires_at    timestamptz NOT NULL,
  settled_at    timestamptz,
  updated_at    timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, subject_key_id) REFERENCES subject_keys (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) PARTITION BY HASH (tenant_id);
DO $$ BEGIN FOR i IN 0..7 LOOP
  EXECUTE format('CREATE TABLE agent.issuances_h%s PARTITION OF agent.issuances FOR VALUES WITH (MODULUS 8, REMAINDER %s) WITH (fillfactor = 70)', i, i);
END LOOP; END $$;
-- The hashes are random, so each index costs a page somewhere: partial, and gone from
-- the working set when the column is emptied at settlement.
CREATE INDEX issuances_offer  ON issuances (tenant_id, offer_hash)  WHERE offer_hash IS NOT NULL;
CREATE UNIQUE INDEX issuances_code  ON issuances (tenant_id, code_hash)  WHERE code_hash IS NOT NULL;
CREATE UNIQUE INDEX issuances_token ON issuances (tenant_id, token_hash) WHERE token_hash IS NOT NULL;
CREATE INDEX issuances_time   ON issuances (tenant_id, issuer_id, created_at DESC);
CREATE INDEX issuances_subject ON issuances (tenant_id, subject_key_id) WHERE subject_key_id IS NOT NULL;
CREATE INDEX issuances_user   ON issuances (tenant_id, user_id) WHERE user_id IS NOT NULL;
CREATE INDEX issuances_open   ON issuances (tenant_id, expires_at) WHERE settled_at IS NULL;

CREATE TABLE pushed_authorization_requests (     -- at most 60 s, single use
  tenant_id        uuid NOT NULL DEFAULT current_tenant(),
  request_uri_hash digest256 NOT NULL,
  client_id        uuid,
  parameters_sealed sealed NOT NULL,             -- login_hint and issuer_state may name a person
  dpop_thumbprint  digest256,
  created_at       timestamptz NOT NULL DEFAULT now(),
  expires_at       timestamptz NOT NULL,
  used_at          timestamptz,
  PRIMARY KEY (tenant_id, request_uri_hash)
);
CREATE INDEX pushed_authorization_requests_expiry ON pushed_authorization_requests (expires_at);

CREATE TABLE authorization_sessions (            -- a browser between the authorization request and the code
  tenant_id      uuid NOT NULL DEFAULT current_tenant(),
  id             uuid NOT NULL DEFAULT gen_random_uuid(),
  issuance_id    uuid,
  client_id      uuid,
  session_id     uuid,                           -- the signed-in session, once there is one
  browser_hash   digest256 NOT NULL,             -- cookie that ties the steps together
  state          text NOT NULL CHECK (state IN ('started','signed_in','consented','denied','code_sent')),
  request_sealed sealed NOT NULL,                -- redirect_uri, state, code_challenge, authorization_details, ...
  code_hash      digest256,
  code_challenge text,
  dpop_thumbprint digest256,
  upstream_state_hash digest256,
  created_at     timestamptz NOT NULL DEFAULT now(),
  expires_at     timestamptz NOT NULL,
  updated_at     timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, issuance_id) REFERENCES issuances (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX authorization_sessions_code ON authorization_sessions (tenant_id, code_hash) WHERE code_hash IS NOT NULL;
CREATE INDEX authorization_sessions_issuance ON authorization_sessions (tenant_id, issuance_id);
CREATE INDEX authorization_sessions_expiry ON authorization_sessions (expires_at);

CREATE TABLE refresh_token_families (            -- a spent token seen again revokes the family
  tenant_id     uuid NOT NULL DEFAULT current_tenant(),
  id            uuid NOT NULL DEFAULT gen_random_uuid(),
  issuance_id   uuid NOT NULL,
  client_id     uuid,
  dpop_thumbprint digest256,
  token_hash    digest256 NOT NULL,              -- the living token
  previous_hash digest256,                       -- its predecessor, for the retry of a lost answer
  generation    integer NOT NULL DEFAULT 1,      -- the token carries family and generation: an older one is known as spent
  created_at    timestamptz NOT NULL DEFAULT now(),
  rotated_at    timestamptz NOT NULL DEFAULT now(),
  expires_at    timestamptz NOT NULL,
  revoked_at    timestamptz,
  updated_at    timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, token_hash),
  FOREIGN KEY (tenant_id, issuance_id) REFERENCES issuances (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX refresh_token_families_issuance ON refresh_token_families (tenant_id, issuance_id);
CREATE INDEX refresh_token_families_expiry ON refresh_token_families (tenant_id, expires_at);

CREATE TABLE deferred_issuances (
  tenant_id   uuid NOT NULL DEFAULT current_tenant(),
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  issuance_id uuid NOT NULL,
  transaction_hash digest256 NOT NULL,           -- transaction_id
  state       text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending','ready','refused','collected','expired')),
  request_sealed sealed NOT NULL,                -- configuration, holder keys, response encryption
  interval_seconds integer NOT NULL DEFAULT 5 CHECK (interval_seconds > 0),
  polled_at   timestamptz,
  created_at  timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz NOT NULL,
  updated_at  timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, transaction_hash),
  FOREIGN KEY (tenant_id, issuance_id) REFERENCES issuances (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX deferred_issuances_issuance ON deferred_issuances (tenant_id, issuance_id);

CREATE TABLE approvals (                         -- the approval queue: a deferred issuance seen from inside
  tenant_id   uuid NOT NULL DEFAULT current_tenant(),
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  issuance_id uuid NOT NULL,
  policy_id   uuid NOT NULL,
  step        smallint NOT NULL DEFAULT 1 CHECK (step > 0),
  state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting','approved','refused','withdrawn')),
  evidence_sealed sealed,
  decided_by  uuid,
  decided_at  timestamptz,
  reason      word,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, issuance_id, step),
  FOREIGN KEY (tenant_id, issuance_id) REFERENCES issuances (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, policy_id) REFERENCES issuance_policies (tenant_id, id),
  FOREIGN KEY (tenant_id, decided_by) REFERENCES users (tenant_id, id),
  CHECK ((decided_at IS NULL) = (state = 'waiting'))
);
CREATE INDEX approvals_waiting ON approvals (tenant_id, created_at) WHERE state = 'waiting';

CREATE TABLE claim_records (                     -- claims a tenant uploaded, from which it issues
  tenant_id     uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  source        text NOT NULL CHECK (octet_length(source) BETWEEN 1 AND 128),
  subject_index blind_index NOT NULL,
  claims_sealed sealed NOT NULL,
  subject_key_id uuid,
  loaded_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, source, subject_index),
  FOREIGN KEY (tenant_id, subject_key_id) REFERENCES subject_keys (tenant_id, id)
);

CREATE INDEX claim_records_subject ON claim_records (tenant_id, subject_key_id) WHERE subject_key_id IS NOT NULL;

-- What may be used once: c_nonce, DPoP jti, client assertion jti, DIDComm message id,
-- attestation proofs.  A ring of eight days: the row goes into the slot of the day that
-- stands inside the value (the nonce's time, the proof's iat); a replay is the same
-- bytes, so it meets its mark in the same slot.  Nothing is deleted row by row and no
-- partition is made or dropped: the slot of six days ago is truncated, which locks no
-- other.  Values older than five days are refused before they come here.
CREATE TABLE replay_marks (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  slot      smallint NOT NULL,
  kind      word NOT NULL,
  mark      digest256 NOT NULL,                  -- SHA-256 of the value with its kind's context (client, key)
  day       integer NOT NULL,                    -- days since 1970-01-01 UTC
  PRIMARY KEY (tenant_id, slot, kind, mark),
  CHECK (slot = day % 8)
) PARTITION BY LIST (slot);
DO $$ BEGIN FOR i IN 0..7 LOOP
  EXECUTE format('CREATE TABLE agent.replay_marks_s%s PARTITION OF agent.replay_marks FOR VALUES IN (%s) WITH (autovacuum_vacuum_insert_threshold = -1)', i, i);
END LOOP; END $$;
