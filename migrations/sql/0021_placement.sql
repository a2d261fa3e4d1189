-- SEED 1.2, option A beside option B.  Whoever asks for a tenant by its name hears which database its rows lie in.
SET ROLE agent_owner;
DROP FUNCTION agent.resolve_tenant(text);
CREATE FUNCTION agent.resolve_tenant(n text)
  RETURNS TABLE (id uuid, status text, placement text, database_name text, dsn_ref text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agent, pg_temp AS
  $$ SELECT t.id, t.status, t.placement, t.database_name, t.dsn_ref FROM tenants t WHERE t.name = n $$;
REVOKE ALL ON FUNCTION agent.resolve_tenant(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agent.resolve_tenant(text) TO agent_app, agent_control;
-- How far the record of a tenant went whose database is another one: that database cannot be set back unseen.
CREATE TABLE agent.audit_heads (
  tenant_id uuid NOT NULL DEFAULT agent.current_tenant() REFERENCES agent.tenants(id),
  seal_no   bigint NOT NULL CHECK (seal_no > 0),
  seal_hash agent.digest256 NOT NULL,
  noted_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id)
);
ALTER TABLE agent.audit_heads ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY admit ON agent.audit_heads FOR ALL
  TO agent_app, agent_control, agent_maint, agent_auditor, agent_eraser, agent_owner USING (true) WITH CHECK (true);
CREATE POLICY fence_read   ON agent.audit_heads AS RESTRICTIVE FOR SELECT USING (tenant_id = (SELECT agent.current_tenant()));
CREATE POLICY fence_insert ON agent.audit_heads AS RESTRICTIVE FOR INSERT WITH CHECK (tenant_id = (SELECT agent.current_tenant()));
CREATE POLICY fence_update ON agent.audit_heads AS RESTRICTIVE FOR UPDATE USING (tenant_id = (SELECT agent.current_tenant()))
  WITH CHECK (tenant_id = (SELECT agent.current_tenant()));
CREATE POLICY fence_delete ON agent.audit_heads AS RESTRICTIVE FOR DELETE USING (tenant_id = (SELECT agent.current_tenant()));
GRANT SELECT, INSERT, UPDATE ON agent.audit_heads TO agent_control;
GRANT SELECT, DELETE ON agent.audit_heads TO agent_eraser;
GRANT SELECT ON agent.audit_heads TO agent_backup;
INSERT INTO agent.column_classifications (table_name, column_name, class, personal, sealed)
  SELECT 'audit_heads', attname, 'internal', false, false FROM pg_attribute
   WHERE attrelid = 'agent.audit_heads'::regclass AND attnum > 0 AND NOT attisdropped;
RESET ROLE;
