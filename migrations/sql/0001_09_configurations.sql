-- --------------------------------------- configurations, policies, queries
CREATE TABLE credential_configurations (         -- one type -> the formats it is issued in, as the metadata advertises them
  tenant_id    uuid NOT NULL DEFAULT current_tenant(),
  id           uuid NOT NULL DEFAULT gen_random_uuid(),
  issuer_id    uuid NOT NULL,
  credential_configuration_id text NOT NULL CHECK (octet_length(credential_configuration_id) BETWEEN 1 AND 512),
  type_tenant_id uuid NOT NULL CHECK (type_tenant_id IN (tenant_id, '00000000-0000-0000-0000-000000000000')),
  type_id      uuid NOT NULL,
  schema_tenant_id uuid CHECK (schema_tenant_id IN (tenant_id, '00000000-0000-0000-0000-000000000000')),
  schema_id    uuid,
  format       word NOT NULL,                    -- dc+sd-jwt, mso_mdoc, jwt_vc_json, ldp_vc, vc+sd-jwt, ...
  scope        text,
  claims       jsonb NOT NULL DEFAULT '[]',      -- paths, mandatory, mapping from the type's claims
  display      jsonb NOT NULL DEFAULT '[]',
  binding      jsonb NOT NULL DEFAULT '{}',      -- binding methods, proof types, key attestation
  algorithms   text[] NOT NULL DEFAULT '{}',
  lifetime     interval,
  status_types text[] NOT NULL DEFAULT '{}',     -- statuslist+jwt, BitstringStatusListEntry, ...
  claim_source jsonb NOT NULL DEFAULT '{}',      -- given, webhook, table, sign-in
  searchable   text[] NOT NULL DEFAULT '{}',     -- paths that get a row in credential_tags
  is_active    boolean NOT NULL DEFAULT true,
  created_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, issuer_id, credential_configuration_id),
  FOREIGN KEY (tenant_id, issuer_id) REFERENCES issuers (tenant_id, id),
  FOREIGN KEY (type_tenant_id, type_id) REFERENCES credential_types (tenant_id, id),
  FOREIGN KEY (schema_tenant_id, schema_id) REFERENCES credential_schemas (tenant_id, id),
  CHECK ((schema_tenant_id IS NULL) = (schema_id IS NULL))
);
CREATE INDEX credential_configurations_type ON credential_configurations (tenant_id, type_id);

-- SEED: policies changed in place; a decision of last year could not be explained.
-- Each version is a row of its own, fixed once it is no draft (trigger fix_version).
CREATE TABLE issuance_policies (
  tenant_id            uuid NOT NULL DEFAULT current_tenant(),
  id                   uuid NOT NULL DEFAULT gen_random_uuid(),
  issuer_id            uuid NOT NULL,
  policy_name          text NOT NULL,
  version              integer NOT NULL DEFAULT 1 CHECK (version > 0),
  state                text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft','active','retired')),
  eligibility_criteria jsonb NOT NULL DEFAULT '{}',
  required_evidence    jsonb NOT NULL DEFAULT '[]',
  approval_workflow    jsonb NOT NULL DEFAULT '{}',
  requires_payment     boolean NOT NULL DEFAULT false,
  fee_amount           numeric(18,4) CHECK (fee_amount >= 0),
  fee_currency         char(3) CHECK (fee_currency ~ '^[A-Z]{3}$'),   -- SEED: an amount without a currency
  created_at timestamptz NOT NULL DEFAULT now(), activated_at timestamptz, retired_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, issuer_id, policy_name, version),
  FOREIGN KEY (tenant_id, issuer_id) REFERENCES issuers (tenant_id, id),
  CHECK (NOT requires_payment OR (fee_amount IS NOT NULL AND fee_currency IS NOT NULL))
);
CREATE UNIQUE INDEX issuance_policies_active ON issuance_policies (tenant_id, issuer_id, policy_name) WHERE state = 'active';

CREATE TABLE verification_policies (
  tenant_id               uuid NOT NULL DEFAULT current_tenant(),
  id                      uuid NOT NULL DEFAULT gen_random_uuid(),
  verifier_id             uuid NOT NULL,
  policy_name             text NOT NULL,
  version                 integer NOT NULL DEFAULT 1 CHECK (version > 0),
  state                   text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft','active','retired')),
  acceptance_rules        jsonb NOT NULL DEFAULT '{}',
  required_fields         text[] NOT NULL DEFAULT '{}',
  max_credential_age_days integer CHECK (max_credential_age_days > 0),
  check_revocation        boolean NOT NULL DEFAULT true,
  revocation_mode         text NOT NULL DEFAULT 'mandatory' CHECK (revocation_mode IN ('mandatory','best_effort')),
  trust_list              jsonb NOT NULL DEFAULT '[]',
  created_at timestamptz NOT NULL DEFAULT now(), activated_at timestamptz, retired_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, verifier_id, policy_name, version),
  FOREIGN KEY (tenant_id, verifier_id) REFERENCES verifiers (tenant_id, id)
);
CREATE UNIQUE INDEX verification_policies_active ON verification_policies (tenant_id, verifier_id, policy_name) WHERE state = 'active';

CREATE TABLE dcql_queries (                      -- named queries that requests refer to
  tenant_id  uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id         uuid NOT NULL DEFAULT gen_random_uuid(),
  name       text NOT NULL,
  version    integer NOT NULL DEFAULT 1 CHECK (version > 0),
  state      text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft','active','retired')),
  dcql_query jsonb NOT NULL,
  digest     digest256 NOT NULL,
  purpose    jsonb NOT NULL DEFAULT '{}',        -- in words, by language
  created_at timestamptz NOT NULL DEFAULT now(), activated_at timestamptz, retired_at timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name, version)
);
CREATE UNIQUE INDEX dcql_queries_active ON dcql_queries (tenant_id, name) WHERE state = 'active';
