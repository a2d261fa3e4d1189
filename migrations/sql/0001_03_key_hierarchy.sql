-- ------------------------------------------------------------- key hierarchy
CREATE TABLE hsm_keys (                          -- what PKCS#11 holds; no key material
  tenant_id   uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  token_label text NOT NULL,
  key_label   text NOT NULL,
  cka_id      bytea NOT NULL,
  mechanism   word NOT NULL,
  extractable boolean NOT NULL DEFAULT false CHECK (NOT extractable),
  created_at  timestamptz NOT NULL DEFAULT now(),
  destroyed_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, token_label, cka_id)
);

CREATE TABLE tenant_keys (                       -- data keys of a tenant
  tenant_id   uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id          uuid NOT NULL DEFAULT gen_random_uuid(),   -- the key id inside a sealed value
  purpose     text NOT NULL CHECK (purpose IN ('data','blind_index','derivation','archive')),
  version     integer NOT NULL CHECK (version > 0),
  algorithm   word NOT NULL DEFAULT 'A256GCM',
  kek_ref     text NOT NULL,                     -- key-encryption key in the key store
  kek_epoch   integer NOT NULL DEFAULT 1,        -- old epochs are destroyed there, so that old backups stay shut
  wrapped_key bytea,
  created_at  timestamptz NOT NULL DEFAULT now(),
  retired_at  timestamptz,
  destroyed_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, purpose, version),
  CHECK ((wrapped_key IS NULL) = (destroyed_at IS NOT NULL))
);
