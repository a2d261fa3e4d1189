-- Status List Tokens that decided about a presentation: public documents, named by their hash, one row however often used.
SET ROLE agent_owner;
CREATE TABLE agent.status_evidence (
  tenant_id  uuid NOT NULL DEFAULT agent.current_tenant(),
  digest     agent.digest256 NOT NULL,                  -- SHA-256 of the token as it was fetched
  uri        text NOT NULL CHECK (octet_length(uri) <= 2048),
  media_type text NOT NULL,
  token      bytea NOT NULL CHECK (octet_length(token) <= 1048576),
  issued_at  timestamptz NOT NULL,
  fetched_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, digest)
);
ALTER TABLE agent.status_evidence ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY admit ON agent.status_evidence FOR ALL TO agent_app, agent_control, agent_maint, agent_auditor, agent_eraser, agent_owner
  USING (true) WITH CHECK (true);
CREATE POLICY fence_read   ON agent.status_evidence AS RESTRICTIVE FOR SELECT USING (tenant_id = (SELECT agent.current_tenant()));
CREATE POLICY fence_insert ON agent.status_evidence AS RESTRICTIVE FOR INSERT WITH CHECK (tenant_id = (SELECT agent.current_tenant()));
CREATE POLICY fence_update ON agent.status_evidence AS RESTRICTIVE FOR UPDATE USING (tenant_id = (SELECT agent.current_tenant()))
  WITH CHECK (tenant_id = (SELECT agent.current_tenant()));
CREATE POLICY fence_delete ON agent.status_evidence AS RESTRICTIVE FOR DELETE USING (tenant_id = (SELECT agent.current_tenant()));
GRANT SELECT, INSERT ON agent.status_evidence TO agent_app;
GRANT SELECT, DELETE ON agent.status_evidence TO agent_maint, agent_eraser;
GRANT SELECT ON agent.status_evidence TO agent_backup;
-- Who waits for a presentation's end is told of it; nobody else costs a notice.
ALTER TABLE agent.presentation_requests ADD COLUMN watched boolean NOT NULL DEFAULT false;
INSERT INTO agent.column_classifications (table_name, column_name, class, personal, sealed) VALUES
  ('status_evidence', 'tenant_id', 'internal', false, false),
  ('status_evidence', 'digest', 'public', false, false),
  ('status_evidence', 'uri', 'public', false, false),
  ('status_evidence', 'media_type', 'public', false, false),
  ('status_evidence', 'token', 'public', false, false),
  ('status_evidence', 'issued_at', 'public', false, false),
  ('status_evidence', 'fetched_at', 'internal', false, false),
  ('presentation_requests', 'watched', 'internal', false, false);
RESET ROLE;
