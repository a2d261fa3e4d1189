-- Erasing a person: what else is theirs goes with the key that the request names.
SET ROLE agent_owner;
ALTER TABLE agent.erasure_requests
  ADD COLUMN key_ids uuid[] NOT NULL DEFAULT '{}';           -- every key of the person: as an account, and as your own name for them
INSERT INTO agent.column_classifications (table_name, column_name, class, personal, sealed) VALUES
  ('erasure_requests', 'key_ids', 'internal', true, false);
RESET ROLE;
