-- ------------------------------------------------------------------ tenants
CREATE TABLE tenants (
  id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name          text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,98}[a-z0-9]$'),
  display_name  text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 200),
  status        text NOT NULL DEFAULT 'active'
                CHECK (status IN ('provisioning','active','suspended','disabled','moved','erasing','erased')),
  tier          text NOT NULL DEFAULT 'standard',
  -- SEED: database_name NOT NULL and connection_string in the row: in the
  -- shared database there is neither; a dedicated one keeps its DSN in the
  -- secret store and only its reference here.
  placement     text NOT NULL DEFAULT 'shared' CHECK (placement IN ('shared','dedicated','migrating')),
  database_name text UNIQUE CHECK (length(database_name) <= 63),
  dsn_ref       text,
  revocation_epoch bigint NOT NULL DEFAULT 0,    -- raised when a session, key or issuer is revoked: caches compare it, no TTL delays it
  created_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now(),
  created_by    uuid,                            -- SEED: VARCHAR(200), a name in clear
  row_version   integer NOT NULL DEFAULT 1,
  CHECK (placement = 'shared' OR (database_name IS NOT NULL AND dsn_ref IS NOT NULL))
);
INSERT INTO tenants (id, name, display_name, tier) VALUES (system_tenant(), 'system', 'Shared catalogue', 'system');

CREATE TABLE tenant_limits (
  tenant_id uuid PRIMARY KEY REFERENCES tenants(id),
  max_users                       bigint CHECK (max_users >= 0),        -- NULL = no limit
  max_wallets                     bigint CHECK (max_wallets >= 0),
  max_credentials                 bigint CHECK (max_credentials >= 0),
  max_storage_gb                  bigint CHECK (max_storage_gb >= 0),
  max_api_calls_per_month         bigint CHECK (max_api_calls_per_month >= 0),
  max_verifications_per_month     bigint CHECK (max_verifications_per_month >= 0),
  updated_at timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1
);

-- SEED: limits without a place to count.  One row per act would be the hottest row
-- of the database: a process leases a block of units with one guarded UPDATE
--   SET leased = leased + n WHERE leased + n <= limit
-- spends it in memory and gives the rest back.  The sum of leases never passes the
-- limit, so neither does use; a lease lost in a crash comes back when it expires
-- (metrics with hard_count: not before a recount).
CREATE TABLE usage_counters (
  tenant_id uuid NOT NULL REFERENCES tenants(id),
  metric    word NOT NULL,
  period    date NOT NULL,                       -- first day of the month; 'epoch' for totals
  leased    bigint NOT NULL DEFAULT 0 CHECK (leased >= 0),
  used      bigint NOT NULL DEFAULT 0 CHECK (used >= 0),   -- as reported by returned leases
  hard_count bigint, counted_at timestamptz,     -- recounted from the tables now and then
  PRIMARY KEY (tenant_id, metric, period),
  CHECK (used <= leased)
) WITH (fillfactor = 70);
CREATE TABLE usage_leases (
  tenant_id  uuid NOT NULL DEFAULT current_tenant(),
  id         uuid NOT NULL DEFAULT gen_random_uuid(),
  metric     word NOT NULL,
  period     date NOT NULL,
  units      bigint NOT NULL CHECK (units > 0),
  holder     text NOT NULL,                      -- name of the process
  leased_at  timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, metric, period) REFERENCES usage_counters (tenant_id, metric, period)
);
CREATE INDEX usage_leases_expiry ON usage_leases (tenant_id, expires_at);

CREATE TABLE tenant_configurations (
  tenant_id     uuid PRIMARY KEY REFERENCES tenants(id),
  features      jsonb NOT NULL DEFAULT '{}',
  branding      jsonb NOT NULL DEFAULT '{}',
  security      jsonb NOT NULL DEFAULT '{}',     -- with keep_issued_copies: whether credentials.proof_sealed is filled for issued ones
  integrations  jsonb NOT NULL DEFAULT '{}',     -- references to secrets, never secrets
  notifications jsonb NOT NULL DEFAULT '{}',
  updated_at timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1
);

CREATE TABLE tenant_moves (                      -- SEED 8.1 as a state machine that can be resumed and abandoned
  tenant_id   uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  direction   text NOT NULL CHECK (direction IN ('to_shared','to_dedicated')),
  mode        text NOT NULL CHECK (mode IN ('replication','change_capture','dual_write')),
  state       text NOT NULL CHECK (state IN ('analysed','prepared','copying','verifying','switching','switched','finalised','rolled_back','aborted')),
  source_ref  text NOT NULL,
  target_ref  text NOT NULL,
  progress    jsonb NOT NULL DEFAULT '{}',       -- per table: copied, count and checksum on both sides
  started_at  timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX tenant_moves_open ON tenant_moves (tenant_id) WHERE finished_at IS NULL;
