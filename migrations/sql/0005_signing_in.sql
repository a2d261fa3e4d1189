-- A tenant brings its own identity provider: whom it believes when a person signs in.
SET ROLE agent_owner;
CREATE TABLE agent.identity_providers (
  tenant_id   uuid NOT NULL DEFAULT agent.current_tenant() REFERENCES agent.tenants(id),
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  issuer      text NOT NULL CHECK (octet_length(issuer) <= 2048),
  name        text NOT NULL,                     -- what people read on the button
  client_id   text NOT NULL CHECK (octet_length(client_id) <= 2048),
  authentication_method agent.word NOT NULL,     -- client_secret_basic, client_secret_post, private_key_jwt
  secret_sealed agent.sealed NOT NULL,           -- the client secret, or where its private key is kept
  public_key  jsonb,                             -- of a private_key_jwt: what the provider has to know
  scope       text NOT NULL,
  uses_userinfo boolean NOT NULL DEFAULT false,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, issuer)
);
ALTER TABLE agent.identity_providers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT ON agent.identity_providers TO agent_backup;
CREATE POLICY admit ON agent.identity_providers FOR ALL
  TO agent_app, agent_control, agent_maint, agent_auditor, agent_eraser, agent_owner USING (true) WITH CHECK (true);
CREATE POLICY fence_read ON agent.identity_providers AS RESTRICTIVE FOR SELECT
  USING (tenant_id = (SELECT agent.current_tenant()));
CREATE POLICY fence_insert ON agent.identity_providers AS RESTRICTIVE FOR INSERT
  WITH CHECK (tenant_id = (SELECT agent.current_tenant()));
CREATE POLICY fence_update ON agent.identity_providers AS RESTRICTIVE FOR UPDATE
  USING (tenant_id = (SELECT agent.current_tenant())) WITH CHECK (tenant_id = (SELECT agent.current_tenant()));
CREATE POLICY fence_delete ON agent.identity_providers AS RESTRICTIVE FOR DELETE
  USING (tenant_id = (SELECT agent.current_tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON agent.identity_providers TO agent_app, agent_control;
GRANT SELECT, DELETE ON agent.identity_providers TO agent_eraser;
CREATE TRIGGER touch BEFORE UPDATE ON agent.identity_providers FOR EACH ROW EXECUTE FUNCTION agent.touch();
INSERT INTO agent.column_classifications (table_name, column_name, class, personal, sealed)
  SELECT 'identity_providers', attname::text,
         CASE WHEN attname = 'secret_sealed' THEN 'restricted' ELSE 'internal' END, false, attname = 'secret_sealed'
    FROM pg_attribute WHERE attrelid = 'agent.identity_providers'::regclass AND attnum > 0 AND NOT attisdropped;
RESET ROLE;
