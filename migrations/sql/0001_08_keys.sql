-- --------------------------------------------------------------------- keys
-- SEED: every key belonged to a wallet.  A tenant signs as issuer, verifier, status
-- authority, auditor and attester too: owner says whose it is.
CREATE TABLE key_pairs (
  tenant_id   uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  owner       text NOT NULL CHECK (owner IN ('wallet','tenant')),
  wallet_id   uuid,
  issuer_id   uuid,                              -- narrows a tenant's key to one of its issuers
  verifier_id uuid,                              -- or verifiers
  key_id      text CHECK (octet_length(key_id) BETWEEN 1 AND 1024),   -- kid; clear for the tenant's own keys only:
  key_index   blind_index NOT NULL,              -- a wallet key's kid and thumbprint are names for its holder
  type        word NOT NULL,                     -- kty and curve: EC/P-256, OKP/Ed25519, ...
  purpose     word NOT NULL,                     -- issuer, verifier, status, audit, attester, iaca, holder, key_agreement, ...
  algorithm   word NOT NULL,
  public_key  bytea,                             -- SubjectPublicKeyInfo, or the raw key where that has none
  public_sealed sealed,                          -- a wallet key: kid and public key
  thumbprint_index blind_index NOT NULL,         -- of the RFC 7638 thumbprint
  certificate_chain bytea[],                     -- x5c, leaf first
  -- SEED: private_key_ref VARCHAR(500) ENCRYPTED.  What it means is the key store's
  -- affair: a name in Askar, an object handle in an HSM, a wrapped key.
  key_store   word NOT NULL,
  private_key_ref sealed,
  hsm_key_id  uuid,
  state       text NOT NULL DEFAULT 'active' CHECK (state IN ('active','retiring','retired','destroyed')),
  rotation_of uuid,                              -- the key it follows
  created_at  timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz,
  retiring_at timestamptz,                       -- signs no more, still published
  retired_at  timestamptz,                       -- published no more
  destroyed_at timestamptz,
  revoked_at  timestamptz,                       -- SEED: is_revoked could contradict revoked_at
  is_revoked  boolean GENERATED ALWAYS AS (revoked_at IS NOT NULL) STORED,
  updated_at  timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, key_index),
  UNIQUE (tenant_id, hsm_key_id),
  FOREIGN KEY (tenant_id, wallet_id) REFERENCES wallets (tenant_id, id),
  FOREIGN KEY (tenant_id, issuer_id) REFERENCES issuers (tenant_id, id),
  FOREIGN KEY (tenant_id, verifier_id) REFERENCES verifiers (tenant_id, id),
  FOREIGN KEY (tenant_id, hsm_key_id) REFERENCES hsm_keys (tenant_id, id),
  FOREIGN KEY (tenant_id, rotation_of) REFERENCES key_pairs (tenant_id, id) ON DELETE SET NULL (rotation_of),
  CHECK ((owner = 'wallet') = (wallet_id IS NOT NULL)),
  CHECK (CASE owner WHEN 'tenant' THEN num_nonnulls(key_id, public_key) = 2 AND public_sealed IS NULL
                    ELSE num_nonnulls(key_id, public_key) = 0 AND public_sealed IS NOT NULL END),
  CHECK (owner = 'tenant' OR num_nonnulls(issuer_id, verifier_id) = 0),
  CHECK ((state = 'destroyed') = (private_key_ref IS NULL)),
  CHECK ((state = 'destroyed') = (destroyed_at IS NOT NULL))
);
CREATE INDEX key_pairs_wallet ON key_pairs (tenant_id, wallet_id) WHERE wallet_id IS NOT NULL;
CREATE INDEX key_pairs_thumbprint ON key_pairs (tenant_id, thumbprint_index);
CREATE INDEX key_pairs_ring ON key_pairs (tenant_id, purpose, state) WHERE owner = 'tenant';
CREATE INDEX key_pairs_expiry ON key_pairs (tenant_id, expires_at) WHERE state IN ('active','retiring');
-- One signing key at a time for each of the tenant's own purposes.
CREATE UNIQUE INDEX key_pairs_active ON key_pairs
  (tenant_id, purpose, algorithm, coalesce(issuer_id, verifier_id, '00000000-0000-0000-0000-000000000000'))
  WHERE owner = 'tenant' AND state = 'active';

-- SEED: KEY_METADATA.  No usage_count: it would be a write for each signature on one
-- row.  Signatures are counted from the audit log; last_used_on moves once a day.
CREATE TABLE key_metadata (
  tenant_id   uuid NOT NULL DEFAULT current_tenant(),
  key_pair_id uuid NOT NULL,
  label       text,
  last_used_on date,
  policy      jsonb NOT NULL DEFAULT '{}',       -- rotate_after, overlap, allowed algorithms
  PRIMARY KEY (tenant_id, key_pair_id),
  FOREIGN KEY (tenant_id, key_pair_id) REFERENCES key_pairs (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE did_verification_methods (          -- which key stands behind which entry of a DID document
  tenant_id     uuid NOT NULL DEFAULT current_tenant(),
  did_id        uuid NOT NULL,
  fragment      text NOT NULL CHECK (octet_length(fragment) BETWEEN 1 AND 512),
  key_pair_id   uuid NOT NULL,
  relationships text[] NOT NULL DEFAULT '{}',    -- authentication, assertionMethod, keyAgreement, ...
  PRIMARY KEY (tenant_id, did_id, fragment),
  FOREIGN KEY (tenant_id, did_id) REFERENCES dids (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, key_pair_id) REFERENCES key_pairs (tenant_id, id)
);
CREATE INDEX did_verification_methods_key ON did_verification_methods (tenant_id, key_pair_id);
