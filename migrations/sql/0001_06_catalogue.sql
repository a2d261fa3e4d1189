-- ---------------------------------------- catalogue (own rows + system rows)
-- A row of the system tenant is readable by all, writable by agent_control.
-- A reference to it is (catalogue tenant, id) with a CHECK that the catalogue
-- tenant is oneself or the system: still no way to reference a stranger.
CREATE TABLE credential_schemas (
  tenant_id        uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id               uuid NOT NULL DEFAULT gen_random_uuid(),
  schema_id        text NOT NULL CHECK (octet_length(schema_id) <= 1024),
  name             text NOT NULL,
  version          text NOT NULL,
  json_schema      jsonb NOT NULL,
  required_fields  text[] NOT NULL DEFAULT '{}',
  validation_rules jsonb NOT NULL DEFAULT '{}',
  created_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, schema_id, version)
);

CREATE TABLE credential_types (                  -- one definition; credential_configurations say in which formats it is issued
  tenant_id         uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id                uuid NOT NULL DEFAULT gen_random_uuid(),
  type_name         text NOT NULL CHECK (octet_length(type_name) <= 1024),
  schema_url        text,
  schema_definition jsonb,
  contexts          text[] NOT NULL DEFAULT '{}',
  rules             jsonb NOT NULL DEFAULT '{}',
  type_metadata     jsonb,                       -- vct metadata as hosted, its integrity hash below
  metadata_digest   digest256,
  is_active         boolean NOT NULL DEFAULT true,
  created_at        timestamptz NOT NULL DEFAULT now(),
  updated_at        timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, type_name)
);

CREATE TABLE trust_registries (
  tenant_id            uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id                   uuid NOT NULL DEFAULT gen_random_uuid(),
  name                 text NOT NULL,
  version              text NOT NULL,
  kind                 word NOT NULL DEFAULT 'local',   -- local, etsi_tl, openid_federation, ...
  source_url           text,
  governance_framework jsonb NOT NULL DEFAULT '{}',
  maintained_by        text,
  sequence_no          bigint,                   -- of the list as published: never goes back
  fetched_at           timestamptz,
  next_update          timestamptz,
  created_at           timestamptz NOT NULL DEFAULT now(),
  updated_at           timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name, version)
);

-- SEED: the verifier policy reads trust_registry(did, is_active): no such table
-- or columns; the class diagram puts did and is_active on the anchor.
CREATE TABLE trust_anchors (
  tenant_id         uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id                uuid NOT NULL DEFAULT gen_random_uuid(),
  registry_id       uuid NOT NULL,
  identifier_kind   identifier_kind NOT NULL,
  identifier        identifier NOT NULL,         -- x509: base64url of the certificate's SHA-256, or a name of its subject
  identifier_hash   bytea GENERATED ALWAYS AS (sha256(decode(replace(identifier, '\', '\\'), 'escape'))) STORED,
  certificate       bytea,                       -- DER
  certificate_thumbprint bytea GENERATED ALWAYS AS (sha256(certificate)) STORED,
  subject_key_id    bytea,                       -- X.509 SKI, what a chain's last AKI names
  entity_type       word NOT NULL,               -- issuer, verifier, registry, authority, wallet_provider, registrar, status_issuer, ...
  name              text NOT NULL,
  roles             text[] NOT NULL DEFAULT '{}',
  public_keys       jsonb NOT NULL DEFAULT '[]',
  service_endpoints jsonb NOT NULL DEFAULT '[]',
  trust_level       word NOT NULL,
  registered_at     timestamptz NOT NULL DEFAULT now(),
  expires_at        timestamptz,
  is_active         boolean NOT NULL DEFAULT true,
  updated_at        timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, registry_id, identifier_hash, entity_type),
  FOREIGN KEY (tenant_id, registry_id) REFERENCES trust_registries (tenant_id, id),
  CHECK (CASE identifier_kind WHEN 'did' THEN identifier LIKE 'did:%' WHEN 'https' THEN identifier LIKE 'https://%' WHEN 'x509' THEN certificate IS NOT NULL ELSE true END)
);
CREATE INDEX trust_anchors_identifier ON trust_anchors (tenant_id, identifier_hash) WHERE is_active;
CREATE INDEX trust_anchors_certificate ON trust_anchors (tenant_id, certificate_thumbprint) WHERE certificate IS NOT NULL;
CREATE INDEX trust_anchors_ski ON trust_anchors (tenant_id, subject_key_id) WHERE subject_key_id IS NOT NULL;

CREATE TABLE trust_chains (                      -- a path that was walked and how it ended
  tenant_id      uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id             uuid NOT NULL DEFAULT gen_random_uuid(),
  root_anchor_tenant_id uuid NOT NULL CHECK (root_anchor_tenant_id IN (tenant_id, '00000000-0000-0000-0000-000000000000')),
  root_anchor_id uuid NOT NULL,
  chain_depth    integer NOT NULL CHECK (chain_depth BETWEEN 1 AND 32),
  validated_at   timestamptz NOT NULL,
  valid_until    timestamptz,                    -- the earliest end of anything in it
  is_valid       boolean NOT NULL,
  reason         word,                           -- why not
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (root_anchor_tenant_id, root_anchor_id) REFERENCES trust_anchors (tenant_id, id),
  CHECK (is_valid = (reason IS NULL))
);
CREATE INDEX trust_chains_root ON trust_chains (tenant_id, root_anchor_id, validated_at DESC);
CREATE TABLE trust_chain_members (               -- SEED: UUID[] chain_path cannot carry foreign keys
  tenant_id uuid NOT NULL DEFAULT current_tenant(),
  chain_id  uuid NOT NULL,
  position  integer NOT NULL CHECK (position >= 0),   -- 0 = the root
  anchor_tenant_id uuid NOT NULL CHECK (anchor_tenant_id IN (tenant_id, '00000000-0000-0000-0000-000000000000')),
  anchor_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, chain_id, position),
  UNIQUE (tenant_id, chain_id, anchor_id),       -- no loops
  FOREIGN KEY (tenant_id, chain_id) REFERENCES trust_chains (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (anchor_tenant_id, anchor_id) REFERENCES trust_anchors (tenant_id, id)
);
CREATE INDEX trust_chain_members_anchor ON trust_chain_members (tenant_id, anchor_id);
-- At commit a chain has as many members as it says, without a gap, from its root on.
CREATE FUNCTION chain_is_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE c agent.trust_chains; n integer; top integer; root uuid;
BEGIN
  SELECT * INTO c FROM agent.trust_chains x WHERE x.tenant_id = NEW.tenant_id
     AND x.id = (to_jsonb(NEW) ->> CASE TG_TABLE_NAME WHEN 'trust_chains' THEN 'id' ELSE 'chain_id' END)::uuid;
  IF NOT FOUND THEN RETURN NULL; END IF;
  SELECT count(*), max(m.position), max(m.anchor_id::text) FILTER (WHERE m.position = 0) INTO n, top, root
    FROM agent.trust_chain_members m WHERE m.tenant_id = c.tenant_id AND m.chain_id = c.id;
  IF n <> c.chain_depth OR top <> n - 1 OR root <> c.root_anchor_id THEN
    RAISE EXCEPTION 'trust chain says % members, has %', c.chain_depth, n USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER whole AFTER INSERT OR UPDATE ON trust_chains DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION chain_is_whole();
CREATE CONSTRAINT TRIGGER whole AFTER INSERT OR UPDATE ON trust_chain_members DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION chain_is_whole();
