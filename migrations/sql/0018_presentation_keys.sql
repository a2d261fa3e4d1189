-- What a stranger presents lies under a key of its own, made with the answer: it can be destroyed when nobody knows whose
-- it is, and goes with a person's keys once somebody does.
SET ROLE agent_owner;
ALTER TABLE agent.subject_keys
  ADD COLUMN request_id uuid,                            -- of an answer to this presentation request; the id is its report's
  ADD COLUMN person_key_id uuid,                         -- whose presentation it turned out to be: a key of that person
  ADD FOREIGN KEY (tenant_id, request_id) REFERENCES agent.presentation_requests (tenant_id, id),
  ADD FOREIGN KEY (tenant_id, person_key_id) REFERENCES agent.subject_keys (tenant_id, id),
  DROP CONSTRAINT subject_keys_check,
  ADD CONSTRAINT subject_keys_of CHECK (num_nonnulls(user_id, subject_index, request_id) = 1),
  ADD CONSTRAINT subject_keys_person CHECK (person_key_id IS NULL OR request_id IS NOT NULL);
CREATE INDEX subject_keys_request ON agent.subject_keys (tenant_id, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX subject_keys_linked ON agent.subject_keys (tenant_id, person_key_id) WHERE person_key_id IS NOT NULL;
INSERT INTO agent.column_classifications (table_name, column_name, class, personal, sealed) VALUES
  ('subject_keys', 'request_id', 'internal', false, false),
  ('subject_keys', 'person_key_id', 'sensitive', true, false);
RESET ROLE;
