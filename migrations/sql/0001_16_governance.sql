-- ------------------------------------------------- lifecycle and governance
-- SEED 9.2: the class of every column, as data.  Filled below by this file for each
-- column; the same for all tenants, so it has no tenant and is readable by all.
CREATE TABLE column_classifications (
  table_name  text NOT NULL,
  column_name text NOT NULL,
  class       text NOT NULL CHECK (class IN ('restricted','sensitive','internal','public')),
  personal    boolean NOT NULL,                  -- says something about a person
  sealed      boolean NOT NULL,
  PRIMARY KEY (table_name, column_name),
  CHECK (NOT sealed OR class IN ('restricted','sensitive'))
);

-- SEED: 3 years for audit in one table, 7 in the diagram: data, not code.  Restricted data
-- lives "until revoked" and public data for ever: neither is an interval.
CREATE TABLE retention_policies (
  tenant_id      uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  table_name     text NOT NULL,
  classification text NOT NULL CHECK (classification IN ('restricted','sensitive','internal','public')),
  warm_after     interval NOT NULL DEFAULT '90 days',
  cool_after     interval NOT NULL DEFAULT '1 year',
  cold_after     interval NOT NULL DEFAULT '3 years',
  erase_mode     text NOT NULL DEFAULT 'after' CHECK (erase_mode IN ('after','until_revoked','indefinitely')),
  erase_after    interval,                       -- after: from the row's time; until_revoked: grace after revocation
  legal_hold     boolean NOT NULL DEFAULT false,
  updated_at timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, table_name),
  CHECK (warm_after <= cool_after AND cool_after <= cold_after),
  CHECK (CASE erase_mode WHEN 'after' THEN erase_after IS NOT NULL AND cold_after <= erase_after
                         WHEN 'indefinitely' THEN erase_after IS NULL ELSE true END)
);

CREATE TABLE archive_segments (                  -- what left the database: one object per tenant, table and month
  tenant_id   uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  table_name  text NOT NULL,
  period      daterange NOT NULL,
  tier        text NOT NULL CHECK (tier IN ('warm','cool','cold')),
  object_key  text NOT NULL,
  format      word NOT NULL,                     -- parquet, jsonl+zstd, ...
  row_count   bigint NOT NULL CHECK (row_count >= 0),
  byte_count  bigint NOT NULL CHECK (byte_count >= 0),
  sha256      digest256 NOT NULL,
  merkle_root digest256,
  key_id      uuid NOT NULL,                     -- archive key; destroying it erases the object
  created_at  timestamptz NOT NULL DEFAULT now(),
  verified_at timestamptz,                       -- read back and compared; only then is the partition dropped
  erased_at   timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, table_name, period, tier),
  FOREIGN KEY (tenant_id, key_id) REFERENCES tenant_keys (tenant_id, id)
);

CREATE TABLE erasure_requests (
  tenant_id      uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id             uuid NOT NULL DEFAULT gen_random_uuid(),
  scope          text NOT NULL CHECK (scope IN ('subject','credential','did','tenant')),
  target_id      uuid,                           -- subject key, credential or DID; no foreign key: this row outlives it
  requested_by   uuid,                           -- SEED: a name in clear
  legal_basis    word NOT NULL,                  -- erasure, retention, tenant_closed, tenant_moved, ...
  requested_at   timestamptz NOT NULL DEFAULT now(),
  approved_by    uuid,
  approved_at    timestamptz,                    -- agent.erase does nothing without it
  soft_deleted_at timestamptz,
  key_destroyed_at timestamptz,
  rows_deleted_at timestamptz,
  completed_at   timestamptz,
  certificate    jsonb,                          -- counts, key ids, seal numbers
  updated_at timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  CHECK ((scope = 'tenant') = (target_id IS NULL)),
  CHECK (completed_at IS NULL OR approved_at IS NOT NULL)
);

CREATE TABLE erasure_acts (                      -- written by agent.erase alone, sealed with the logs
  tenant_id   uuid NOT NULL,
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  request_id  uuid NOT NULL,
  acted_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  acted_by    text NOT NULL DEFAULT session_user,
  scope       text NOT NULL,
  target_id   uuid,
  table_name  text NOT NULL,
  row_count   bigint NOT NULL CHECK (row_count > 0),
  epoch       integer NOT NULL DEFAULT 1,
  xact        xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, request_id) REFERENCES erasure_requests (tenant_id, id)
);
CREATE INDEX erasure_acts_request ON erasure_acts (tenant_id, request_id);
CREATE INDEX erasure_acts_seal    ON erasure_acts (tenant_id, epoch, xact);

CREATE TABLE consents (
  tenant_id  uuid NOT NULL DEFAULT current_tenant(),
  id         uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id    uuid NOT NULL,
  kind       text NOT NULL DEFAULT 'processing' CHECK (kind IN ('processing','issuance','disclosure')),
  purpose    word NOT NULL,
  legal_basis word NOT NULL,
  request_hash digest256,                        -- exactly this request and no other
  disclosed_paths text[] NOT NULL DEFAULT '{}',
  counterparty_index blind_index,
  policy     word,                               -- given by a standing rule, not by a click
  granted_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  used_at    timestamptz,                        -- a disclosure is consented to once
  withdrawn_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
  CHECK (kind = 'processing' OR request_hash IS NOT NULL)
);
CREATE INDEX consents_user ON consents (tenant_id, user_id, purpose);
CREATE INDEX consents_request ON consents (tenant_id, request_hash) WHERE request_hash IS NOT NULL;

CREATE TABLE quality_rules (
  tenant_id  uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id         uuid NOT NULL DEFAULT gen_random_uuid(),
  name       text NOT NULL,
  dimension  text NOT NULL CHECK (dimension IN ('completeness','accuracy','consistency','timeliness','validity')),
  table_name text NOT NULL,
  check_name text NOT NULL,                      -- a named check in code, never SQL from a row
  parameters jsonb NOT NULL DEFAULT '{}',
  threshold  numeric NOT NULL DEFAULT 0,
  is_active  boolean NOT NULL DEFAULT true,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);
CREATE TABLE quality_results (
  tenant_id  uuid NOT NULL DEFAULT current_tenant(),
  id         uuid NOT NULL DEFAULT gen_random_uuid(),
  rule_id    uuid NOT NULL,
  checked_at timestamptz NOT NULL DEFAULT now(),
  checked    bigint NOT NULL,
  failed     bigint NOT NULL,
  details    jsonb NOT NULL DEFAULT '{}',        -- ids and counts
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, rule_id) REFERENCES quality_rules (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX quality_results_rule ON quality_results (tenant_id, rule_id, checked_at DESC);
