-- DIDs with a signed log that we host, and what peers' short DIDs stand for.
SET ROLE agent_owner;
ALTER TABLE agent.dids
  ADD COLUMN place text CHECK (place ~ '^[a-z0-9](-?[a-z0-9]){0,62}$'),  -- /dids/{place}/ below the tenant's base URL
  ADD COLUMN pending_entry text,                 -- signed, and not published before enough witnesses approved it
  ADD COLUMN serves_web boolean NOT NULL DEFAULT false;                  -- a did:web document stands beside the log
CREATE UNIQUE INDEX dids_place ON agent.dids (tenant_id, place);

CREATE TABLE agent.did_witness_proofs (          -- did:webvh: one line of did-witness.json
  tenant_id  uuid NOT NULL DEFAULT agent.current_tenant(),
  did_id     uuid NOT NULL,
  version    integer NOT NULL CHECK (version > 0),
  witness    text NOT NULL CHECK (octet_length(witness) <= 256),
  proof      jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, did_id, version, witness),
  FOREIGN KEY (tenant_id, did_id) REFERENCES agent.dids (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE agent.peer_dids (                   -- did:peer: who has seen the long form can resolve the short one
  tenant_id   uuid NOT NULL DEFAULT agent.current_tenant() REFERENCES agent.tenants(id),
  id          uuid NOT NULL,
  short_index agent.blind_index NOT NULL,
  long_sealed agent.sealed NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, short_index)
);

DO $$
DECLARE
  name text;
  mine text := 'tenant_id = (SELECT agent.current_tenant())';
BEGIN
  FOREACH name IN ARRAY ARRAY['did_witness_proofs', 'peer_dids'] LOOP
    EXECUTE format('ALTER TABLE agent.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('GRANT SELECT ON agent.%I TO agent_backup', name);
    EXECUTE format('CREATE POLICY admit ON agent.%I FOR ALL TO agent_app, agent_control, agent_maint, agent_auditor, agent_eraser, agent_owner USING (true) WITH CHECK (true)', name);
    EXECUTE format('CREATE POLICY fence_read   ON agent.%I AS RESTRICTIVE FOR SELECT USING (%s)', name, mine);
    EXECUTE format('CREATE POLICY fence_insert ON agent.%I AS RESTRICTIVE FOR INSERT WITH CHECK (%s)', name, mine);
    EXECUTE format('CREATE POLICY fence_update ON agent.%I AS RESTRICTIVE FOR UPDATE USING (%s) WITH CHECK (%s)', name, mine, mine);
    EXECUTE format('CREATE POLICY fence_delete ON agent.%I AS RESTRICTIVE FOR DELETE USING (%s)', name, mine);
    EXECUTE format('GRANT SELECT, DELETE ON agent.%I TO agent_eraser', name);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON agent.%I TO agent_app, agent_control', name);
  END LOOP;
END $$;
INSERT INTO agent.column_classifications (table_name, column_name, class, personal, sealed) VALUES
  ('dids', 'place', 'internal', false, false),
  ('dids', 'pending_entry', 'internal', false, false),
  ('dids', 'serves_web', 'internal', false, false),
  ('did_witness_proofs', 'tenant_id', 'internal', false, false),
  ('did_witness_proofs', 'did_id', 'internal', false, false),
  ('did_witness_proofs', 'version', 'internal', false, false),
  ('did_witness_proofs', 'witness', 'public', false, false),
  ('did_witness_proofs', 'proof', 'public', false, false),
  ('did_witness_proofs', 'created_at', 'internal', false, false),
  ('peer_dids', 'tenant_id', 'internal', false, false),
  ('peer_dids', 'id', 'internal', false, false),
  ('peer_dids', 'short_index', 'sensitive', true, false),
  ('peer_dids', 'long_sealed', 'sensitive', true, true),
  ('peer_dids', 'created_at', 'internal', false, false);
RESET ROLE;
