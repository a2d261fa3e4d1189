-- Guessing is counted, in one upsert, over all processes. A source is one of 4096 buckets:
-- the table cannot be filled from outside, and a row says nothing of anybody.
SET ROLE agent_owner;
CREATE TABLE agent.attempt_counters (
  tenant_id uuid NOT NULL DEFAULT agent.current_tenant(),
  kind      agent.word NOT NULL,                        -- what is guessed: credential_offer, tx_code, ...
  bucket    smallint NOT NULL CHECK (bucket BETWEEN 0 AND 4095),
  began     timestamptz NOT NULL,
  attempts  integer NOT NULL CHECK (attempts > 0),
  PRIMARY KEY (tenant_id, kind, bucket)
) WITH (fillfactor = 70);
ALTER TABLE agent.attempt_counters ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY admit ON agent.attempt_counters FOR ALL TO agent_app, agent_control, agent_maint, agent_auditor, agent_eraser, agent_owner
  USING (true) WITH CHECK (true);
CREATE POLICY fence_read   ON agent.attempt_counters AS RESTRICTIVE FOR SELECT USING (tenant_id = (SELECT agent.current_tenant()));
CREATE POLICY fence_insert ON agent.attempt_counters AS RESTRICTIVE FOR INSERT WITH CHECK (tenant_id = (SELECT agent.current_tenant()));
CREATE POLICY fence_update ON agent.attempt_counters AS RESTRICTIVE FOR UPDATE USING (tenant_id = (SELECT agent.current_tenant()))
  WITH CHECK (tenant_id = (SELECT agent.current_tenant()));
CREATE POLICY fence_delete ON agent.attempt_counters AS RESTRICTIVE FOR DELETE USING (tenant_id = (SELECT agent.current_tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON agent.attempt_counters TO agent_app, agent_control;
GRANT SELECT, DELETE ON agent.attempt_counters TO agent_eraser;
GRANT SELECT ON agent.attempt_counters TO agent_backup;
INSERT INTO agent.column_classifications (table_name, column_name, class, personal, sealed) VALUES
  ('attempt_counters', 'tenant_id', 'internal', false, false),
  ('attempt_counters', 'kind', 'internal', false, false),
  ('attempt_counters', 'bucket', 'internal', false, false),
  ('attempt_counters', 'began', 'internal', false, false),
  ('attempt_counters', 'attempts', 'internal', false, false);
RESET ROLE;
