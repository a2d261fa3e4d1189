-- ------------------------------------------------------------------ wallets
CREATE TABLE wallets (
  tenant_id       uuid NOT NULL DEFAULT current_tenant(),
  id              uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id         uuid NOT NULL,
  wallet_did_sealed sealed,                      -- SEED: wallet_did in clear; a person's DID is a name for the person
  wallet_did_index  blind_index,
  type            text NOT NULL CHECK (type IN ('personal','organization','service')),
  status          text NOT NULL CHECK (status IN ('active','locked','recovering','archived','erased')),
  metadata        jsonb NOT NULL DEFAULT '{}',
  backup_sealed   sealed,                        -- small; large backups go to the blob store
  recovery_method word,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, wallet_did_index),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
  CHECK ((wallet_did_sealed IS NULL) = (wallet_did_index IS NULL))
);
CREATE INDEX wallets_user ON wallets (tenant_id, user_id);

-- SEED: every DID in clear, of a wallet or not.  The tenant's own DIDs are public;
-- a wallet's DID names a person, so it is sealed and found by blind index (long and
-- short form of did:peer:4 are two rows of did_aliases).
CREATE TABLE dids (
  tenant_id      uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id             uuid NOT NULL DEFAULT gen_random_uuid(),
  wallet_id      uuid,                           -- NULL = the tenant's own
  did            did_text,
  did_sealed     sealed,
  did_index      blind_index NOT NULL,
  method         word NOT NULL,
  status         text NOT NULL CHECK (status IN ('pending','active','deactivated')),
  created_at     timestamptz NOT NULL DEFAULT now(),
  deactivated_at timestamptz,
  updated_at     timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, did_index),
  FOREIGN KEY (tenant_id, wallet_id) REFERENCES wallets (tenant_id, id),
  CHECK (CASE WHEN wallet_id IS NULL THEN did IS NOT NULL AND did_sealed IS NULL ELSE did IS NULL AND did_sealed IS NOT NULL END),
  CHECK ((status = 'deactivated') = (deactivated_at IS NOT NULL))
);
CREATE INDEX dids_wallet ON dids (tenant_id, wallet_id);
CREATE TABLE did_aliases (
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  alias_index blind_index NOT NULL,
  did_id    uuid NOT NULL,
  PRIMARY KEY (tenant_id, alias_index),
  FOREIGN KEY (tenant_id, did_id) REFERENCES dids (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX did_aliases_did ON did_aliases (tenant_id, did_id);

CREATE TABLE did_documents (                     -- SEED: one JSON column; the ER diagram has many per DID
  tenant_id  uuid NOT NULL DEFAULT current_tenant(),
  did_id     uuid NOT NULL,
  version    integer NOT NULL CHECK (version > 0),
  document   jsonb,                              -- of the tenant's own, public DIDs
  document_sealed sealed,                        -- of a wallet's
  log_entry  text,                               -- methods with a signed log (did:webvh): the line as published
  digest     digest256 NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, did_id, version),
  FOREIGN KEY (tenant_id, did_id) REFERENCES dids (tenant_id, id),
  CHECK (num_nonnulls(document, document_sealed) = 1)
);

CREATE TABLE service_endpoints (
  tenant_id  uuid NOT NULL DEFAULT current_tenant(),
  did_id     uuid NOT NULL,
  service_id text NOT NULL CHECK (octet_length(service_id) <= 1024),
  type       word NOT NULL,
  endpoint   jsonb NOT NULL,
  priority   integer NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, did_id, service_id),
  FOREIGN KEY (tenant_id, did_id) REFERENCES dids (tenant_id, id) ON DELETE CASCADE
);
