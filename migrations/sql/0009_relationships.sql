-- DIDComm relationships: DIDs of ours made for one relationship, and the names that peers are known by.
SET ROLE agent_owner;
CREATE TABLE agent.own_dids (                    -- made for a relationship or an invitation; the tenant's public DID is no row
  tenant_id   uuid NOT NULL DEFAULT agent.current_tenant() REFERENCES agent.tenants(id),
  id          uuid NOT NULL,
  did_sealed  agent.sealed NOT NULL,             -- in its long form
  keys_sealed agent.sealed NOT NULL,             -- by fragment: where the private key is kept, and the public one
  retired_at  timestamptz,                       -- followed by another, or its relationship has ended
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
);
CREATE TABLE agent.own_did_names (               -- short form of the DID, and keys that name it on the wire
  tenant_id   uuid NOT NULL DEFAULT agent.current_tenant(),
  name_hash   agent.digest256 NOT NULL,
  own_did_id  uuid NOT NULL,
  PRIMARY KEY (tenant_id, name_hash),
  FOREIGN KEY (tenant_id, own_did_id) REFERENCES agent.own_dids (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX own_did_names_did ON agent.own_did_names (tenant_id, own_did_id);
ALTER TABLE agent.connections
  ADD COLUMN own_did_id uuid,                    -- NULL = the tenant's public DID
  ADD COLUMN data_sealed agent.sealed,           -- what the protocol that makes it wants to know again
  ADD FOREIGN KEY (tenant_id, own_did_id) REFERENCES agent.own_dids (tenant_id, id);
CREATE INDEX connections_own_did ON agent.connections (tenant_id, own_did_id) WHERE own_did_id IS NOT NULL;
CREATE UNIQUE INDEX connections_own_pair ON agent.connections (tenant_id, own_did_id, their_did_index)
  WHERE own_did_id IS NOT NULL AND their_did_index IS NOT NULL;
CREATE UNIQUE INDEX connections_public_pair ON agent.connections (tenant_id, their_did_index)
  WHERE own_did_id IS NULL AND our_did_id IS NULL AND their_did_index IS NOT NULL;
CREATE TABLE agent.connection_names (            -- what the peer is and was called: keys of v1, DIDs that it left
  tenant_id     uuid NOT NULL DEFAULT agent.current_tenant(),
  name_hash     agent.digest256 NOT NULL,
  connection_id uuid NOT NULL,
  kind          text NOT NULL CHECK (kind IN ('key','former_did')),
  PRIMARY KEY (tenant_id, name_hash, connection_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES agent.connections (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX connection_names_connection ON agent.connection_names (tenant_id, connection_id);

DO $$
DECLARE
  name text;
  mine text := 'tenant_id = (SELECT agent.current_tenant())';
BEGIN
  FOREACH name IN ARRAY ARRAY['own_dids', 'own_did_names', 'connection_names'] LOOP
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
  ('own_dids', 'tenant_id', 'internal', false, false),
  ('own_dids', 'id', 'internal', false, false),
  ('own_dids', 'did_sealed', 'sensitive', false, true),
  ('own_dids', 'keys_sealed', 'restricted', false, true),
  ('own_dids', 'retired_at', 'internal', false, false),
  ('own_dids', 'created_at', 'internal', false, false),
  ('own_did_names', 'tenant_id', 'internal', false, false),
  ('own_did_names', 'name_hash', 'sensitive', false, false),
  ('own_did_names', 'own_did_id', 'internal', false, false),
  ('connections', 'own_did_id', 'internal', false, false),
  ('connections', 'data_sealed', 'sensitive', true, true),
  ('connection_names', 'tenant_id', 'internal', false, false),
  ('connection_names', 'name_hash', 'sensitive', true, false),
  ('connection_names', 'connection_id', 'internal', false, false),
  ('connection_names', 'kind', 'internal', false, false);
RESET ROLE;
