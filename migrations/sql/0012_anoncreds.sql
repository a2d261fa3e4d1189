-- AnonCreds: the registry that we serve, exchanges under way, and what the tenant holds.
SET ROLE agent_owner;
CREATE TABLE agent.anoncreds_objects (           -- schemas, credential definitions, revocation registries: as served, for ever
  tenant_id     uuid NOT NULL DEFAULT agent.current_tenant() REFERENCES agent.tenants(id),
  id            uuid NOT NULL,
  kind          text NOT NULL CHECK (kind IN ('schema', 'definition', 'registry')),
  parent_id     uuid,                            -- a definition's schema where it is ours, a registry's definition
  content       bytea NOT NULL CHECK (octet_length(content) <= 4000000),
  secret_sealed agent.sealed,                    -- the issuer's keys; a schema has none
  tails         bytea,                           -- a registry's file, public
  capacity      integer CHECK (capacity BETWEEN 2 AND 32768),
  next_place    integer CHECK (next_place BETWEEN 1 AND capacity),
  row_version   integer NOT NULL DEFAULT 1,      -- of a registry: how many status lists it has had
  created_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, parent_id) REFERENCES agent.anoncreds_objects (tenant_id, id),
  CHECK ((kind = 'schema') = (secret_sealed IS NULL)),
  CHECK ((kind = 'registry') = (tails IS NOT NULL AND capacity IS NOT NULL AND next_place IS NOT NULL))
);
CREATE INDEX anoncreds_objects_parent ON agent.anoncreds_objects (tenant_id, parent_id, created_at);

CREATE TABLE agent.anoncreds_status_lists (      -- every list that a registry ever had: what was in force at a time stays known
  tenant_id   uuid NOT NULL DEFAULT agent.current_tenant(),
  registry_id uuid NOT NULL,
  version     integer NOT NULL CHECK (version > 0),
  in_force    bigint NOT NULL,                   -- seconds since 1970, the list's own timestamp
  content     bytea NOT NULL CHECK (octet_length(content) <= 4000000),
  PRIMARY KEY (tenant_id, registry_id, version),
  UNIQUE (tenant_id, registry_id, in_force),
  FOREIGN KEY (tenant_id, registry_id) REFERENCES agent.anoncreds_objects (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE agent.anoncreds_exchanges (         -- one run of issuing, of asking for a credential, or of asking for a proof
  tenant_id      uuid NOT NULL DEFAULT agent.current_tenant() REFERENCES agent.tenants(id),
  id             uuid NOT NULL,
  role           text NOT NULL CHECK (role IN ('issuer', 'holder', 'verifier')),
  state          text NOT NULL CHECK (state IN ('offered', 'issued', 'revoked', 'requested', 'received', 'verified', 'refused')),
  details_sealed agent.sealed NOT NULL,          -- offer with values; request with its secret; request with what was shown
  definition_id  uuid,
  registry_id    uuid,
  registry_place integer,
  created_at     timestamptz NOT NULL DEFAULT now(),
  updated_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, registry_id, registry_place),
  FOREIGN KEY (tenant_id, definition_id) REFERENCES agent.anoncreds_objects (tenant_id, id),
  FOREIGN KEY (tenant_id, registry_id) REFERENCES agent.anoncreds_objects (tenant_id, id)
);
CREATE INDEX anoncreds_exchanges_definition ON agent.anoncreds_exchanges (tenant_id, definition_id);

CREATE TABLE agent.anoncreds_holdings (          -- the tenant's link secret, and the credentials that are bound to it
  tenant_id      uuid NOT NULL DEFAULT agent.current_tenant() REFERENCES agent.tenants(id),
  id             uuid NOT NULL,
  kind           text NOT NULL CHECK (kind IN ('link_secret', 'credential')),
  content_sealed agent.sealed NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX anoncreds_one_link_secret ON agent.anoncreds_holdings (tenant_id) WHERE kind = 'link_secret';

DO $$
DECLARE
  name text;
  mine text := 'tenant_id = (SELECT agent.current_tenant())';
BEGIN
  FOREACH name IN ARRAY ARRAY['anoncreds_objects', 'anoncreds_status_lists', 'anoncreds_exchanges', 'anoncreds_holdings'] LOOP
    EXECUTE format('ALTER TABLE agent.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('GRANT SELECT ON agent.%I TO agent_backup', name);
    EXECUTE format('CREATE POLICY admit ON agent.%I FOR ALL TO agent_app, agent_control, agent_maint, agent_auditor, agent_eraser, agent_owner USING (true) WITH CHECK (true)', name);
    EXECUTE format('CREATE POLICY fence_read   ON agent.%I AS RESTRICTIVE FOR SELECT USING (%s)', name, mine);
    EXECUTE format('CREATE POLICY fence_insert ON agent.%I AS RESTRICTIVE FOR INSERT WITH CHECK (%s)', name, mine);
    EXECUTE format('CREATE POLICY fence_update ON agent.%I AS RESTRICTIVE FOR UPDATE USING (%s) WITH CHECK (%s)', name, mine, mine);
    EXECUTE format('CREATE POLICY fence_delete ON agent.%I AS RESTRICTIVE FOR DELETE USING (%s)', name, mine);
    EXECUTE format('GRANT SELECT, DELETE ON agent.%I TO agent_eraser', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON agent.%I TO agent_app, agent_control', name);
  END LOOP;
  GRANT DELETE ON agent.anoncreds_exchanges, agent.anoncreds_holdings TO agent_app, agent_control;
  REVOKE UPDATE ON agent.anoncreds_status_lists FROM agent_app, agent_control;
END $$;
INSERT INTO agent.column_classifications (table_name, column_name, class, personal, sealed) VALUES
  ('anoncreds_objects', 'tenant_id', 'internal', false, false),
  ('anoncreds_objects', 'id', 'public', false, false),
  ('anoncreds_objects', 'kind', 'public', false, false),
  ('anoncreds_objects', 'parent_id', 'internal', false, false),
  ('anoncreds_objects', 'content', 'public', false, false),
  ('anoncreds_objects', 'secret_sealed', 'restricted', false, true),
  ('anoncreds_objects', 'tails', 'public', false, false),
  ('anoncreds_objects', 'capacity', 'internal', false, false),
  ('anoncreds_objects', 'next_place', 'internal', false, false),
  ('anoncreds_objects', 'row_version', 'internal', false, false),
  ('anoncreds_objects', 'created_at', 'internal', false, false),
  ('anoncreds_status_lists', 'tenant_id', 'internal', false, false),
  ('anoncreds_status_lists', 'registry_id', 'public', false, false),
  ('anoncreds_status_lists', 'version', 'internal', false, false),
  ('anoncreds_status_lists', 'in_force', 'public', false, false),
  ('anoncreds_status_lists', 'content', 'public', false, false),
  ('anoncreds_exchanges', 'tenant_id', 'internal', false, false),
  ('anoncreds_exchanges', 'id', 'internal', false, false),
  ('anoncreds_exchanges', 'role', 'internal', false, false),
  ('anoncreds_exchanges', 'state', 'internal', false, false),
  ('anoncreds_exchanges', 'details_sealed', 'sensitive', true, true),
  ('anoncreds_exchanges', 'definition_id', 'internal', false, false),
  ('anoncreds_exchanges', 'registry_id', 'internal', false, false),
  ('anoncreds_exchanges', 'registry_place', 'internal', false, false),
  ('anoncreds_exchanges', 'created_at', 'internal', false, false),
  ('anoncreds_exchanges', 'updated_at', 'internal', false, false),
  ('anoncreds_holdings', 'tenant_id', 'internal', false, false),
  ('anoncreds_holdings', 'id', 'internal', false, false),
  ('anoncreds_holdings', 'kind', 'internal', false, false),
  ('anoncreds_holdings', 'content_sealed', 'restricted', true, true),
  ('anoncreds_holdings', 'created_at', 'internal', false, false);
RESET ROLE;
