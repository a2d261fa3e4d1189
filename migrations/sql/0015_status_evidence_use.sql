-- A Status List Token is kept while a report of its time is: the time it was used last says which those are.
SET ROLE agent_owner;
ALTER TABLE agent.status_evidence ADD COLUMN used_at timestamptz NOT NULL DEFAULT now();
GRANT UPDATE (used_at) ON agent.status_evidence TO agent_app;
INSERT INTO agent.column_classifications (table_name, column_name, class, personal, sealed) VALUES
  ('status_evidence', 'used_at', 'internal', false, false);
RESET ROLE;
