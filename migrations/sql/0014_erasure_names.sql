-- Whoever came to be known by the person's name after an erasure was asked for goes with its approval.
SET ROLE agent_owner;
ALTER TABLE agent.erasure_requests
  ADD COLUMN subject_index  agent.blind_index,           -- the person's name, as subject_keys has it; gone with the approval
  ADD COLUMN external_index agent.blind_index;           -- the same, as users has it
INSERT INTO agent.column_classifications (table_name, column_name, class, personal, sealed) VALUES
  ('erasure_requests', 'subject_index', 'sensitive', true, false),
  ('erasure_requests', 'external_index', 'sensitive', true, false);
RESET ROLE;
