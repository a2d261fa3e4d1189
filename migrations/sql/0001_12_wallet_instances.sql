-- ------------------------------------------------- wallets of others, attested
CREATE TABLE wallet_instances (                  -- installations our own wallet provider vouches for
  tenant_id   uuid NOT NULL DEFAULT current_tenant(),
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  provider_id uuid NOT NULL,
  wallet_id   uuid,
  instance_index blind_index NOT NULL,           -- of the instance key's thumbprint
  state       text NOT NULL DEFAULT 'active' CHECK (state IN ('registered','active','suspended','revoked')),
  properties_sealed sealed,                      -- device model, platform attestation
  created_at  timestamptz NOT NULL DEFAULT now(),
  last_seen_on date,
  revoked_at  timestamptz,
  updated_at  timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, provider_id, instance_index),
  FOREIGN KEY (tenant_id, provider_id) REFERENCES wallet_providers (tenant_id, id),
  FOREIGN KEY (tenant_id, wallet_id) REFERENCES wallets (tenant_id, id)
);
CREATE INDEX wallet_instances_wallet ON wallet_instances (tenant_id, wallet_id);
CREATE TABLE wallet_attestations (               -- wallet and key attestations given out
  tenant_id   uuid NOT NULL DEFAULT current_tenant(),
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  instance_id uuid NOT NULL,
  kind        word NOT NULL,                     -- oauth-client-attestation+jwt, key-attestation+jwt, ...
  key_index   blind_index NOT NULL,              -- of the attested key's thumbprint
  key_pair_id uuid,                              -- the attester's key
  status_registry_id uuid, status_idx bigint,
  issued_at   timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, instance_id) REFERENCES wallet_instances (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, key_pair_id) REFERENCES key_pairs (tenant_id, id),
  FOREIGN KEY (tenant_id, status_registry_id) REFERENCES revocation_registries (tenant_id, id),
  CHECK ((status_registry_id IS NULL) = (status_idx IS NULL))
);
CREATE INDEX wallet_attestations_instance ON wallet_attestations (tenant_id, instance_id, issued_at DESC);
CREATE INDEX wallet_attestations_expiry ON wallet_attestations (tenant_id, expires_at);
