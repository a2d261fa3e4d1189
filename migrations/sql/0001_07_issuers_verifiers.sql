-- ------------------------------------------------------- issuers, verifiers
CREATE TABLE issuers (
  tenant_id         uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id                uuid NOT NULL DEFAULT gen_random_uuid(),
  identifier_kind   identifier_kind NOT NULL,
  identifier        identifier NOT NULL,
  identifier_hash   bytea GENERATED ALWAYS AS (sha256(decode(replace(identifier, '\', '\\'), 'escape'))) STORED,
  certificate       bytea,
  certificate_thumbprint bytea GENERATED ALWAYS AS (sha256(certificate)) STORED,
  name              text NOT NULL,
  type              word NOT NULL,
  credential_types  text[] NOT NULL DEFAULT '{}',
  issuer_config     jsonb NOT NULL DEFAULT '{}',   -- profiles turned on (openid4vci-1.0, haip-1.0), batch size, display
  public_keys       jsonb NOT NULL DEFAULT '[]',
  service_endpoints text[] NOT NULL DEFAULT '{}',
  anchor_tenant_id  uuid CHECK (anchor_tenant_id IN (tenant_id, '00000000-0000-0000-0000-000000000000')),
  anchor_id         uuid,
  is_active         boolean NOT NULL DEFAULT true,
  registered_at     timestamptz NOT NULL DEFAULT now(),
  updated_at        timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, identifier_hash),
  FOREIGN KEY (anchor_tenant_id, anchor_id) REFERENCES trust_anchors (tenant_id, id),
  CHECK ((anchor_tenant_id IS NULL) = (anchor_id IS NULL)),  -- half a reference escapes the foreign key
  CHECK (CASE identifier_kind WHEN 'did' THEN identifier LIKE 'did:%' WHEN 'https' THEN identifier LIKE 'https://%' WHEN 'x509' THEN certificate IS NOT NULL ELSE true END)
);

CREATE TABLE verifiers (
  tenant_id             uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id                    uuid NOT NULL DEFAULT gen_random_uuid(),
  identifier_kind       identifier_kind NOT NULL,
  identifier            identifier NOT NULL,     -- without the client identifier prefix
  identifier_hash       bytea GENERATED ALWAYS AS (sha256(decode(replace(identifier, '\', '\\'), 'escape'))) STORED,
  certificate           bytea,
  certificate_thumbprint bytea GENERATED ALWAYS AS (sha256(certificate)) STORED,
  client_id_prefixes    text[] NOT NULL DEFAULT '{}',   -- x509_san_dns, x509_hash, redirect_uri, ...
  name                  text NOT NULL,
  type                  word NOT NULL,
  accepted_credentials  text[] NOT NULL DEFAULT '{}',
  verifier_config       jsonb NOT NULL DEFAULT '{}',    -- SEED: JSON verification_policies beside a table of that name
  anchor_tenant_id      uuid CHECK (anchor_tenant_id IN (tenant_id, '00000000-0000-0000-0000-000000000000')),
  anchor_id             uuid,
  is_active             boolean NOT NULL DEFAULT true,
  registered_at         timestamptz NOT NULL DEFAULT now(),
  updated_at            timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, identifier_hash),
  FOREIGN KEY (anchor_tenant_id, anchor_id) REFERENCES trust_anchors (tenant_id, id),
  CHECK ((anchor_tenant_id IS NULL) = (anchor_id IS NULL)),
  CHECK (CASE identifier_kind WHEN 'did' THEN identifier LIKE 'did:%' WHEN 'https' THEN identifier LIKE 'https://%' WHEN 'x509' THEN certificate IS NOT NULL ELSE true END)
);

CREATE TABLE wallet_providers (                  -- whose attestations the tenant believes; and its own, if it attests wallets
  tenant_id       uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id              uuid NOT NULL DEFAULT gen_random_uuid(),
  identifier_kind identifier_kind NOT NULL,
  identifier      identifier NOT NULL,
  identifier_hash bytea GENERATED ALWAYS AS (sha256(decode(replace(identifier, '\', '\\'), 'escape'))) STORED,
  certificate     bytea,
  certificate_thumbprint bytea GENERATED ALWAYS AS (sha256(certificate)) STORED,
  name            text NOT NULL,
  public_keys     jsonb NOT NULL DEFAULT '[]',
  requirements    jsonb NOT NULL DEFAULT '{}',   -- key_storage, user_authentication, ...
  is_own          boolean NOT NULL DEFAULT false,
  anchor_tenant_id uuid CHECK (anchor_tenant_id IN (tenant_id, '00000000-0000-0000-0000-000000000000')),
  anchor_id       uuid,
  is_active       boolean NOT NULL DEFAULT true,
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, identifier_hash),
  FOREIGN KEY (anchor_tenant_id, anchor_id) REFERENCES trust_anchors (tenant_id, id),
  CHECK ((anchor_tenant_id IS NULL) = (anchor_id IS NULL)),
  CHECK (identifier_kind <> 'x509' OR certificate IS NOT NULL)
);
