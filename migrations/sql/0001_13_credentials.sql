-- -------------------------------------------------------------- credentials
-- HASH on tenant_id, not by month: every look-up is by tenant, the key stays
-- (tenant_id, id), foreign keys and per-tenant uniqueness keep working, and
-- the same column distributes over nodes later.
-- SEED: wallet_id NOT NULL and the proof always stored.  An issuer has no wallet of the
-- holder and no need of the signed credential: role says which side the row is.
CREATE TABLE credentials (
  tenant_id        uuid NOT NULL DEFAULT current_tenant(),
  id               uuid NOT NULL DEFAULT gen_random_uuid(),   -- the application sends UUIDv7: inserts stay local
  role             text NOT NULL CHECK (role IN ('issued','held')),
  wallet_id        uuid,                         -- held
  issuance_id      uuid,                         -- issued; held ones have theirs too when they came over a flow of ours
  credential_id    text NOT NULL CHECK (octet_length(credential_id) <= 16384),
  credential_id_hash bytea GENERATED ALWAYS AS (sha256(decode(replace(credential_id, '\', '\\'), 'escape'))) STORED,
  type             text NOT NULL CHECK (octet_length(type) BETWEEN 1 AND 1024),   -- vct, doctype, ...
  type_tenant_id   uuid CHECK (type_tenant_id IN (tenant_id, '00000000-0000-0000-0000-000000000000')),
  type_id          uuid,
  schema_tenant_id uuid CHECK (schema_tenant_id IN (tenant_id, '00000000-0000-0000-0000-000000000000')),
  schema_id        uuid,
  configuration_id uuid,
  format           word NOT NULL,
  subject_key_id   uuid,
  subject_sealed   sealed,                       -- SEED: JSONB ENCRYPTED and a GIN index over it
  proof_sealed     sealed,                       -- SEED: proof in clear; in JWT, SD-JWT and mdoc forms it carries the claims.  Issued: only when the tenant keeps copies
  holder_key_index blind_index,                  -- of the holder key's RFC 7638 thumbprint, which in clear would name the holder
  key_pair_id      uuid,                         -- held: our key it is bound to
  batch_id         uuid,                         -- copies with one content and different keys
  used_at          timestamptz,                  -- held: a single-use copy is spent
  issuer_identifier_kind identifier_kind NOT NULL,
  issuer_identifier identifier NOT NULL,         -- as it stood in the credential
  issuer_hash      bytea GENERATED ALWAYS AS (sha256(decode(replace(issuer_identifier, '\', '\\'), 'escape'))) STORED,
  issuer_id        uuid,                         -- when the issuer is this tenant's own
  issued_at        timestamptz NOT NULL,
  expires_at       timestamptz,
  status           text NOT NULL CHECK (status IN ('unverified','active','suspended','revoked','expired','archived','erased')),
  metadata         jsonb NOT NULL DEFAULT '{}',
  created_at       timestamptz NOT NULL DEFAULT now(),
  deleted_at       timestamptz,                  -- soft delete
  updated_at       timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, role, credential_id_hash),
  FOREIGN KEY (tenant_id, wallet_id) REFERENCES wallets (tenant_id, id),
  FOREIGN KEY (tenant_id, issuance_id) REFERENCES issuances (tenant_id, id) ON DELETE SET NULL (issuance_id),
  FOREIGN KEY (tenant_id, subject_key_id) REFERENCES subject_keys (tenant_id, id),
  FOREIGN KEY (tenant_id, key_pair_id) REFERENCES key_pairs (tenant_id, id),
  -- type, schema, configuration and issuer without foreign keys (R1): every issuance would lock
  -- the same rows.  Nobody may delete those rows, so a reference that was right stays right.
  CHECK ((type_tenant_id IS NULL) = (type_id IS NULL)),
  CHECK ((schema_tenant_id IS NULL) = (schema_id IS NULL)),
  CHECK (role <> 'held' OR (wallet_id IS NOT NULL AND (proof_sealed IS NOT NULL OR status = 'erased'))),
  CHECK (role <> 'issued' OR (wallet_id IS NULL AND issuer_id IS NOT NULL)),
  CHECK (expires_at IS NULL OR expires_at > issued_at)
) PARTITION BY HASH (tenant_id);
DO $$ BEGIN FOR i IN 0..7 LOOP
  EXECUTE format('CREATE TABLE agent.credentials_h%s PARTITION OF agent.credentials FOR VALUES WITH (MODULUS 8, REMAINDER %s)', i, i);
END LOOP; END $$;
-- SEED: NOW() in an index predicate is refused (not immutable); the expiry is a key
-- column instead and the query compares it.  Indexes on type or status alone have
-- too few values, and lead with a column that is no tenant.  Each index is partial to
-- the role that asks: an insert of an issued row writes six of the ten.
CREATE INDEX credentials_wallet ON credentials (tenant_id, wallet_id, type, expires_at) WHERE wallet_id IS NOT NULL AND status = 'active';
CREATE INDEX credentials_issuer ON credentials (tenant_id, issuer_hash, issued_at DESC) WHERE role = 'held';
CREATE INDEX credentials_own_issuer ON credentials (tenant_id, issuer_id, issued_at DESC) WHERE role = 'issued';
CREATE INDEX credentials_expiry ON credentials (tenant_id, expires_at) WHERE status = 'active';
CREATE INDEX credentials_subject_key ON credentials (tenant_id, subject_key_id) WHERE subject_key_id IS NOT NULL;
CREATE INDEX credentials_holder_key ON credentials (tenant_id, holder_key_index) WHERE role = 'held';
CREATE INDEX credentials_issuance ON credentials (tenant_id, issuance_id) WHERE issuance_id IS NOT NULL;
CREATE INDEX credentials_batch ON credentials (tenant_id, batch_id) WHERE batch_id IS NOT NULL AND role = 'held';

-- Claims declared searchable: one row per HMAC of "path=value", so that the operator
-- is a leakproof "=".  SEED: GIN over the encrypted credential_subject.
CREATE TABLE credential_tags (
  tenant_id     uuid NOT NULL DEFAULT current_tenant(),
  tag           blind_index NOT NULL,
  credential_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, tag, credential_id),
  FOREIGN KEY (tenant_id, credential_id) REFERENCES credentials (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX credential_tags_credential ON credential_tags (tenant_id, credential_id);

CREATE TABLE credential_statuses (               -- history; the newest row is the state
  tenant_id         uuid NOT NULL DEFAULT current_tenant(),
  id                uuid NOT NULL DEFAULT gen_random_uuid(),
  credential_id     uuid NOT NULL,
  status            word NOT NULL,               -- ours, or a status message of the list
  status_value      smallint CHECK (status_value BETWEEN 0 AND 255),   -- what the list says
  revocation_registry_id uuid,
  status_list_url   text,
  status_list_index bigint CHECK (status_list_index >= 0),  -- SEED: String in one place, INTEGER in another
  changed_at        timestamptz NOT NULL DEFAULT now(),
  changed_by        uuid,                        -- SEED: a name in clear
  reason            word,                        -- a code word; SEED: free text, which would hold personal data
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, credential_id) REFERENCES credentials (tenant_id, id),
  FOREIGN KEY (tenant_id, revocation_registry_id) REFERENCES revocation_registries (tenant_id, id)
);
CREATE INDEX credential_statuses_credential ON credential_statuses (tenant_id, credential_id, changed_at DESC);

-- Which credential got which entry: one owner for each, for ever.  No credential needs to
-- be known (an attestation, a copy elsewhere); erasing one unlinks the row and leaves it.
-- No foreign key to the list: each issuance would lock its row; the block was checked.
CREATE TABLE status_list_entries (
  tenant_id     uuid NOT NULL DEFAULT current_tenant(),
  registry_id   uuid NOT NULL,
  idx           bigint NOT NULL CHECK (idx >= 0),
  block_no      bigint NOT NULL CHECK (block_no >= 0),
  purpose       word NOT NULL DEFAULT 'revocation',
  credential_id uuid,
  PRIMARY KEY (tenant_id, registry_id, idx),
  FOREIGN KEY (tenant_id, credential_id) REFERENCES credentials (tenant_id, id) ON DELETE SET NULL (credential_id)
);
CREATE INDEX status_list_entries_credential ON status_list_entries (tenant_id, credential_id) WHERE credential_id IS NOT NULL;
