-- Evidence before issuance: which presentation request was made for which policy, of which sign-in or issuance.
SET ROLE agent_owner;
CREATE TABLE agent.issuance_evidence (
  tenant_id   uuid NOT NULL DEFAULT agent.current_tenant(),
  request_id  uuid NOT NULL,                     -- presentation_requests: what came of it stands there
  policy_id   uuid NOT NULL,                     -- the version of the issuance policy that asked
  session_id  uuid,                              -- authorization_sessions, until the person approves
  issuance_id uuid,
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, request_id),
  FOREIGN KEY (tenant_id, request_id) REFERENCES agent.presentation_requests (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, policy_id) REFERENCES agent.issuance_policies (tenant_id, id),
  FOREIGN KEY (tenant_id, session_id) REFERENCES agent.authorization_sessions (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, issuance_id) REFERENCES agent.issuances (tenant_id, id) ON DELETE CASCADE,
  CHECK ((session_id IS NULL) <> (issuance_id IS NULL))
);
CREATE INDEX issuance_evidence_session ON agent.issuance_evidence (tenant_id, session_id) WHERE session_id IS NOT NULL;
CREATE INDEX issuance_evidence_issuance ON agent.issuance_evidence (tenant_id, issuance_id) WHERE issuance_id IS NOT NULL;

DO $$
DECLARE
  name text := 'issuance_evidence';
  mine text := 'tenant_id = (SELECT agent.current_tenant())';
BEGIN
  EXECUTE format('ALTER TABLE agent.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
  EXECUTE format('GRANT SELECT ON agent.%I TO agent_backup', name);
  EXECUTE format('CREATE POLICY admit ON agent.%I FOR ALL TO agent_app, agent_control, agent_maint, agent_auditor, agent_eraser, agent_owner USING (true) WITH CHECK (true)', name);
  EXECUTE format('CREATE POLICY fence_read   ON agent.%I AS RESTRICTIVE FOR SELECT USING (%s)', name, mine);
  EXECUTE format('CREATE POLICY fence_insert ON agent.%I AS RESTRICTIVE FOR INSERT WITH CHECK (%s)', name, mine);
  EXECUTE format('CREATE POLICY fence_update ON agent.%I AS RESTRICTIVE FOR UPDATE USING (%s) WITH CHECK (%s)', name, mine, mine);
  EXECUTE format('CREATE POLICY fence_delete ON agent.%I AS RESTRICTIVE FOR DELETE USING (%s)', name, mine);
  EXECUTE format('GRANT SELECT, DELETE ON agent.%I TO agent_eraser', name);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON agent.%I TO agent_app, agent_control', name);
END $$;
INSERT INTO agent.column_classifications (table_name, column_name, class, personal, sealed)
  SELECT 'issuance_evidence', column_name, 'internal', false, false
    FROM unnest(ARRAY['tenant_id', 'request_id', 'policy_id', 'session_id', 'issuance_id', 'created_at']) AS column_name;
RESET ROLE;
