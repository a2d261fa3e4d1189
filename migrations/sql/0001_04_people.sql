-- ------------------------------------------------------ people and their access
CREATE TABLE organizations (
  tenant_id  uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id         uuid NOT NULL DEFAULT gen_random_uuid(),
  name       text NOT NULL,
  type       word NOT NULL,
  metadata   jsonb NOT NULL DEFAULT '{}',
  is_active  boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);

CREATE TABLE users (
  tenant_id       uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id              uuid NOT NULL DEFAULT gen_random_uuid(),
  organization_id uuid,
  external_id_sealed sealed,                     -- SEED: external_id in clear; it is often a staff or matriculation number
  external_id_index  blind_index,
  email_sealed    sealed,                        -- SEED: email VARCHAR ENCRYPTED
  email_index     blind_index,                   -- of the normalised address
  phone_sealed    sealed,
  phone_index     blind_index,
  profile_sealed  sealed,
  status          text NOT NULL CHECK (status IN ('invited','active','suspended','disabled','erased')),
  roles           text[] NOT NULL DEFAULT '{}',
  preferences     jsonb NOT NULL DEFAULT '{}',   -- language, colours, notices: settings only
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  last_login      timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, email_index),               -- SEED: UNIQUE over randomised ciphertext never fires
  UNIQUE (tenant_id, external_id_index),
  FOREIGN KEY (tenant_id, organization_id) REFERENCES organizations (tenant_id, id),
  CHECK ((external_id_sealed IS NULL) = (external_id_index IS NULL)),
  CHECK ((email_sealed IS NULL) = (email_index IS NULL)),
  CHECK ((phone_sealed IS NULL) = (phone_index IS NULL))
);
CREATE INDEX users_organization ON users (tenant_id, organization_id);
CREATE INDEX users_phone ON users (tenant_id, phone_index) WHERE phone_index IS NOT NULL;

CREATE TABLE user_authenticators (               -- a user may have several
  tenant_id   uuid NOT NULL DEFAULT current_tenant(),
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id     uuid NOT NULL,
  kind        word NOT NULL,                     -- passkey, password, upstream, recovery_code
  lookup      blind_index,                       -- passkey: credential id; upstream: issuer and sub
  secret_sealed sealed,                          -- password: its hash (argon2id); recovery code: its hash; passkey: public key
  sign_count  bigint NOT NULL DEFAULT 0,
  upstream_issuer text,
  created_at  timestamptz NOT NULL DEFAULT now(),
  last_used_on date,                             -- by day: nobody needs more, and one write a day
  failed_attempts smallint NOT NULL DEFAULT 0,
  locked_until timestamptz,
  revoked_at  timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, kind, lookup),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX user_authenticators_user ON user_authenticators (tenant_id, user_id);

CREATE TABLE subject_keys (                      -- destroying one erases a person everywhere,
  tenant_id   uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),   -- archives and backups included
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id     uuid,
  subject_index blind_index,                     -- subjects who are no users (holders known by a reference or a DID)
  wrapping_key_id uuid NOT NULL,
  kek_epoch   integer NOT NULL,                  -- old epochs die in the HSM: see the retention note
  wrapped_key bytea,
  created_at  timestamptz NOT NULL DEFAULT now(),
  destroyed_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, wrapping_key_id) REFERENCES tenant_keys (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
  CHECK (num_nonnulls(user_id, subject_index) = 1),
  CHECK ((wrapped_key IS NULL) = (destroyed_at IS NOT NULL))
);
CREATE UNIQUE INDEX subject_keys_live ON subject_keys (tenant_id, user_id) WHERE destroyed_at IS NULL AND user_id IS NOT NULL;
CREATE UNIQUE INDEX subject_keys_subject ON subject_keys (tenant_id, subject_index) WHERE destroyed_at IS NULL AND subject_index IS NOT NULL;

CREATE TABLE sessions (                          -- SEED: no tenant_id
  tenant_id     uuid NOT NULL DEFAULT current_tenant(),
  id            uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id       uuid NOT NULL,
  token_hash    digest256 NOT NULL,              -- the token carries the tenant, so look-ups stay fenced
  authenticator_id uuid,
  ip_network    ip_prefix,                       -- SEED: ip_address, device_id and user_agent in clear
  device_sealed sealed,                          -- address, device id and user agent, for "your sessions"
  created_at    timestamptz NOT NULL DEFAULT now(),
  expires_at    timestamptz NOT NULL,
  last_activity timestamptz NOT NULL DEFAULT now(),   -- written at most once a minute, without waiting for the disk
  revoked_at    timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, token_hash),                -- SEED: a second index on the same column is waste
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, authenticator_id) REFERENCES user_authenticators (tenant_id, id) ON DELETE SET NULL (authenticator_id)
) WITH (fillfactor = 80);
CREATE INDEX sessions_user ON sessions (tenant_id, user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_keys (
  tenant_id   uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  name        text NOT NULL,
  prefix      text NOT NULL CHECK (length(prefix) BETWEEN 4 AND 32),   -- shown in lists; the key itself carries tenant and prefix
  key_hash    digest256 NOT NULL,                -- SHA-256: the key is 256 random bits, so no slow hash is needed
  scopes      text[] NOT NULL DEFAULT '{}',
  user_id     uuid,                              -- who it acts for; NULL = a service
  created_at  timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz,
  last_used_on date,
  revoked_at  timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, prefix),
  UNIQUE (tenant_id, key_hash),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);
