-- SEED 2.2: SubscriptionTier, a word without a meaning: here a row of the operator's, whose limits hold where a tenant has
-- none of its own.  NULL = no limit.
SET ROLE agent_owner;
CREATE TABLE agent.subscription_tiers (
  tenant_id uuid NOT NULL DEFAULT agent.system_tenant(),
  name      text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  max_users                   bigint CHECK (max_users >= 0),
  max_credentials             bigint CHECK (max_credentials >= 0),
  max_storage_gb              bigint CHECK (max_storage_gb >= 0),
  max_api_calls_per_month     bigint CHECK (max_api_calls_per_month >= 0),
  max_verifications_per_month bigint CHECK (max_verifications_per_month >= 0),
  updated_at timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, name)
);
ALTER TABLE agent.subscription_tiers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY admit ON agent.subscription_tiers FOR ALL
  TO agent_app, agent_control, agent_maint, agent_auditor, agent_eraser, agent_owner USING (true) WITH CHECK (true);
CREATE POLICY fence_read   ON agent.subscription_tiers AS RESTRICTIVE FOR SELECT
  USING (tenant_id = (SELECT agent.current_tenant()) OR tenant_id = agent.system_tenant());
CREATE POLICY fence_insert ON agent.subscription_tiers AS RESTRICTIVE FOR INSERT WITH CHECK (tenant_id = (SELECT agent.current_tenant()));
CREATE POLICY fence_update ON agent.subscription_tiers AS RESTRICTIVE FOR UPDATE USING (tenant_id = (SELECT agent.current_tenant()))
  WITH CHECK (tenant_id = (SELECT agent.current_tenant()));
CREATE POLICY fence_delete ON agent.subscription_tiers AS RESTRICTIVE FOR DELETE USING (tenant_id = (SELECT agent.current_tenant()));
GRANT SELECT ON agent.subscription_tiers TO agent_app, agent_backup;
GRANT SELECT, INSERT, UPDATE ON agent.subscription_tiers TO agent_control;
GRANT SELECT, DELETE ON agent.subscription_tiers TO agent_eraser;
CREATE TRIGGER touch BEFORE UPDATE ON agent.subscription_tiers FOR EACH ROW EXECUTE FUNCTION agent.touch();
INSERT INTO agent.column_classifications (table_name, column_name, class, personal, sealed)
  SELECT 'subscription_tiers', attname, 'internal', false, false FROM pg_attribute
   WHERE attrelid = 'agent.subscription_tiers'::regclass AND attnum > 0 AND NOT attisdropped;
RESET ROLE;
