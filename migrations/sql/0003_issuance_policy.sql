-- Policies, payment and deferred issuance: which policy decides, which gate says that it is paid, what a deferral waits for.
SET ROLE agent_owner;
ALTER TABLE agent.credential_configurations
  ADD COLUMN policy_name text;                               -- the issuance policy whose active version decides
ALTER TABLE agent.issuance_policies
  ADD COLUMN payment_gate jsonb NOT NULL DEFAULT '{}';       -- which payment gate, with its settings
ALTER TABLE agent.issuances
  ADD COLUMN paid_at timestamptz,                            -- when the tenant recorded the payment
  ADD COLUMN deferred boolean NOT NULL DEFAULT false;        -- whether anything of it ever was: then it is looked up
-- The configuration without a foreign key, as in credentials: nobody may delete the row.
ALTER TABLE agent.deferred_issuances
  ADD COLUMN configuration_id uuid,
  ADD COLUMN waiting_for text[] NOT NULL DEFAULT '{}';       -- claims, payment, approval
-- One open deferral of an issuance and configuration; a refusal stands until both are gone.
CREATE UNIQUE INDEX deferred_issuances_open ON agent.deferred_issuances (tenant_id, issuance_id, configuration_id)
  WHERE state IN ('pending','ready','refused');
-- An issuance of several configurations is approved one by one.
ALTER TABLE agent.approvals
  ADD COLUMN deferred_id uuid,
  DROP CONSTRAINT approvals_tenant_id_issuance_id_step_key,
  ADD CONSTRAINT approvals_step UNIQUE (tenant_id, issuance_id, deferred_id, step),
  ADD FOREIGN KEY (tenant_id, deferred_id) REFERENCES agent.deferred_issuances (tenant_id, id) ON DELETE CASCADE;
CREATE INDEX approvals_deferred ON agent.approvals (tenant_id, deferred_id);
INSERT INTO agent.column_classifications (table_name, column_name, class, personal, sealed) VALUES
  ('credential_configurations', 'policy_name', 'internal', false, false),
  ('issuance_policies', 'payment_gate', 'internal', false, false),
  ('issuances', 'paid_at', 'internal', false, false),
  ('issuances', 'deferred', 'internal', false, false),
  ('deferred_issuances', 'configuration_id', 'internal', false, false),
  ('deferred_issuances', 'waiting_for', 'internal', false, false),
  ('approvals', 'deferred_id', 'internal', false, false);
RESET ROLE;
