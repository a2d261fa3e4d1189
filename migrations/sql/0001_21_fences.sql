-- --------------------------------------------------- triggers, fences, privileges
DO $$
DECLARE
  t record;
  catalogue   text[] := ARRAY['credential_schemas','credential_types','trust_registries','trust_anchors','trust_chains','trust_chain_members'];
  append_only text[] := ARRAY['audit_logs','audit_seals','data_access_logs','security_events','credential_statuses','status_list_entries',
                              'status_list_blocks','did_documents','erasure_acts'];
  versioned   text[] := ARRAY['issuance_policies','verification_policies','dcql_queries'];
  control     text[] := ARRAY['tenants','tenant_limits'];
  worldwide   text[] := ARRAY['column_classifications'];      -- says nothing of any tenant
  mine text := '%s = (SELECT agent.current_tenant())';
  col text; cond text; rd text; part regclass;
BEGIN
  FOR t IN SELECT c.oid, c.relname, c.relispartition FROM pg_class c
            WHERE c.relnamespace = 'agent'::regnamespace AND c.relkind IN ('r','p') LOOP
    EXECUTE format('ALTER TABLE agent.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', t.relname);
    -- BYPASSRLS is not inherited by membership: the dump must become agent_backup itself
    EXECUTE format('GRANT SELECT ON agent.%I TO agent_backup', t.relname);
    CONTINUE WHEN t.relispartition;      -- fenced, no policy, no other grant: reached through the parent only
    col  := CASE WHEN t.relname = 'tenants' THEN 'id' ELSE 'tenant_id' END;
    cond := format(mine, col);
    rd   := CASE WHEN t.relname = ANY (catalogue) THEN cond || ' OR tenant_id = agent.system_tenant()' ELSE cond END;
    IF t.relname = ANY (worldwide) THEN
      EXECUTE format('CREATE POLICY admit ON agent.%I FOR ALL TO agent_app, agent_control, agent_maint, agent_auditor, agent_owner USING (true) WITH CHECK (true)', t.relname);
      EXECUTE format('CREATE POLICY fence_insert ON agent.%I AS RESTRICTIVE FOR INSERT WITH CHECK (current_user = ''agent_owner'')', t.relname);
      EXECUTE format('CREATE POLICY fence_update ON agent.%I AS RESTRICTIVE FOR UPDATE USING (current_user = ''agent_owner'')', t.relname);
      EXECUTE format('CREATE POLICY fence_delete ON agent.%I AS RESTRICTIVE FOR DELETE USING (current_user = ''agent_owner'')', t.relname);
      EXECUTE format('GRANT SELECT ON agent.%I TO agent_app, agent_control, agent_maint, agent_auditor', t.relname);
      CONTINUE;
    END IF;

    EXECUTE format('CREATE POLICY admit ON agent.%I FOR ALL TO agent_app, agent_control, agent_maint, agent_auditor, agent_eraser, agent_owner USING (true) WITH CHECK (true)', t.relname);
    EXECUTE format('CREATE POLICY fence_read   ON agent.%I AS RESTRICTIVE FOR SELECT USING (%s)', t.relname, rd);
    EXECUTE format('CREATE POLICY fence_insert ON agent.%I AS RESTRICTIVE FOR INSERT WITH CHECK (%s)', t.relname, cond);
    EXECUTE format('CREATE POLICY fence_update ON agent.%I AS RESTRICTIVE FOR UPDATE USING (%s) WITH CHECK (%s)', t.relname, cond, cond);
    EXECUTE format('CREATE POLICY fence_delete ON agent.%I AS RESTRICTIVE FOR DELETE USING (%s)', t.relname, cond);
    EXECUTE format('GRANT SELECT, DELETE ON agent.%I TO agent_eraser', t.relname);

    IF t.relname = ANY (append_only) THEN
      EXECUTE format('GRANT SELECT, INSERT ON agent.%I TO agent_app', t.relname);
      EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON agent.%I FOR EACH ROW EXECUTE FUNCTION agent.%I()',
                     t.relname, CASE t.relname WHEN 'status_list_entries' THEN 'refuse_but_unlink' ELSE 'refuse_change' END);
      EXECUTE format('CREATE TRIGGER append_only_t BEFORE TRUNCATE ON agent.%I FOR EACH STATEMENT EXECUTE FUNCTION agent.refuse_change()', t.relname);
      -- a partition inherits the row trigger, not this one, and can be truncated by itself
      FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = t.oid LOOP
        EXECUTE format('CREATE TRIGGER append_only_t BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION agent.refuse_change()', part);
      END LOOP;
    ELSIF t.relname = ANY (control) THEN
      EXECUTE format('GRANT SELECT ON agent.%I TO agent_app', t.relname);
      EXECUTE format('GRANT SELECT, INSERT, UPDATE ON agent.%I TO agent_control', t.relname);
    ELSE
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON agent.%I TO agent_app, agent_control', t.relname);
    END IF;
    IF t.relname = ANY (versioned) THEN
      EXECUTE format('CREATE TRIGGER fixed BEFORE UPDATE OR DELETE ON agent.%I FOR EACH ROW EXECUTE FUNCTION agent.fix_version()', t.relname);
    END IF;
    IF t.relname = ANY (agent.expiring()) THEN
      EXECUTE format('ALTER POLICY fence_read   ON agent.%I TO agent_app, agent_control, agent_maint, agent_auditor, agent_eraser', t.relname);
      EXECUTE format('ALTER POLICY fence_update ON agent.%I TO agent_app, agent_control, agent_maint, agent_auditor, agent_eraser', t.relname);
      EXECUTE format('ALTER POLICY fence_delete ON agent.%I TO agent_app, agent_control, agent_maint, agent_auditor, agent_eraser', t.relname);
      EXECUTE format('CREATE POLICY fence_expired ON agent.%I AS RESTRICTIVE FOR ALL TO agent_owner USING (%s OR expires_at < now()) WITH CHECK (%s)', t.relname, cond, cond);
    END IF;
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = t.oid AND attname = 'row_version' AND NOT attisdropped) THEN
      EXECUTE format('CREATE TRIGGER touch BEFORE UPDATE ON agent.%I FOR EACH ROW EXECUTE FUNCTION agent.touch()', t.relname);
    END IF;
  END LOOP;
END $$;

-- agent_auditor
GRANT SELECT ON audit_logs, audit_seals, data_access_logs, security_events, erasure_acts, erasure_requests, compliance_records, archive_segments TO agent_auditor;
-- agent_app: what the maintenance role, or agent.erase, does instead
REVOKE INSERT ON audit_seals, erasure_acts FROM agent_app;
REVOKE DELETE ON tenant_keys, subject_keys, hsm_keys, key_pairs, archive_segments, erasure_requests, retention_policies FROM agent_app;
REVOKE INSERT, UPDATE, DELETE ON tenant_moves FROM agent_app;
REVOKE DELETE ON credentials, dids, revocation_registries, status_list_shards FROM agent_app, agent_control;   -- hard deletion goes through agent.erase
-- Rows that hot tables name without a foreign key are switched off, never deleted.
REVOKE DELETE ON issuers, verifiers, credential_types, credential_schemas, credential_configurations FROM agent_app, agent_control;
-- agent_eraser
GRANT INSERT ON erasure_acts TO agent_eraser;
REVOKE DELETE ON tenants, erasure_acts, erasure_requests, tenant_moves FROM agent_eraser;
-- agent_control: the audit rows of what it does
GRANT INSERT ON audit_logs, security_events TO agent_control;
-- agent_maint: seals and its own audit rows
GRANT SELECT ON audit_logs, data_access_logs, security_events, erasure_acts, audit_seals TO agent_maint;
GRANT INSERT ON audit_logs, security_events, audit_seals TO agent_maint;
GRANT SELECT (tenant_id, id, owner, purpose, state, algorithm, key_id, public_key, key_store, private_key_ref) ON key_pairs TO agent_maint;   -- to sign seals
-- retention and archive: reads the rules, records segments, deletes what is past; months through functions
GRANT SELECT ON tenants, retention_policies, column_classifications, verification_results, events, webhook_deliveries TO agent_maint;
GRANT SELECT, INSERT, UPDATE ON archive_segments TO agent_maint;
GRANT SELECT (tenant_id, id, role, presented_at, subject_key_id), DELETE ON presentations TO agent_maint;
GRANT SELECT (tenant_id, id, state, created_at, settled_at, expires_at, row_version), UPDATE (state, updated_at, row_version), DELETE ON issuances TO agent_maint;
GRANT SELECT (tenant_id, id, state, created_at, expires_at, consumed_at, row_version), UPDATE (state, updated_at, row_version), DELETE ON presentation_requests TO agent_maint;
GRANT SELECT (tenant_id, registry_id, media_type, issued_at, expires_at), DELETE ON status_list_tokens TO agent_maint;
-- expiry: marks, without seeing claims
GRANT SELECT (tenant_id, id, role, status, issued_at, expires_at, deleted_at, subject_key_id, row_version), UPDATE (status, updated_at, row_version) ON credentials TO agent_maint;
-- erasure: keys are emptied, requests carried forward
GRANT SELECT, UPDATE (wrapped_key, kek_ref, kek_epoch, retired_at, destroyed_at) ON tenant_keys TO agent_maint;
GRANT SELECT, UPDATE (wrapped_key, wrapping_key_id, kek_epoch, destroyed_at) ON subject_keys TO agent_maint;
GRANT SELECT, UPDATE (soft_deleted_at, key_destroyed_at, rows_deleted_at, completed_at, certificate, updated_at, row_version) ON erasure_requests TO agent_maint;
-- rollups
GRANT SELECT, INSERT, UPDATE ON daily_rollups, rollup_watermarks, compliance_records, quality_results TO agent_maint;
GRANT SELECT ON quality_rules TO agent_maint;

GRANT SELECT ON ALL SEQUENCES IN SCHEMA agent TO agent_backup;
GRANT EXECUTE ON FUNCTION ensure_months(integer), months_ahead(regclass), detach_month(text), drop_month(text), expire(integer), turn_replay_ring() TO agent_maint;
GRANT EXECUTE ON FUNCTION months_ahead(regclass) TO agent_app;   -- readiness
GRANT EXECUTE ON FUNCTION current_epoch() TO agent_app, agent_maint, agent_auditor;   -- sealing and export
GRANT EXECUTE ON FUNCTION monthly(), expiring() TO agent_maint;

-- The only question asked before a tenant is known: which tenant is this name?
-- Answers id, status and placement for one exact name; no listing.
CREATE FUNCTION resolve_tenant(n text) RETURNS TABLE (id uuid, status text, placement text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agent, pg_temp AS
  $$ SELECT t.id, t.status, t.placement FROM tenants t WHERE t.name = n $$;
GRANT EXECUTE ON FUNCTION resolve_tenant(text) TO agent_app, agent_control;
-- The owner is fenced too (FORCE), so this function needs its own door:
CREATE POLICY directory ON tenants FOR SELECT TO agent_owner USING (true);
-- agent_control, agent_maint and agent_owner list tenants; the others see their own row
ALTER POLICY fence_read   ON tenants TO agent_app, agent_auditor, agent_eraser;
ALTER POLICY fence_insert ON tenants TO agent_app, agent_maint, agent_auditor, agent_eraser;
ALTER POLICY fence_update ON tenants TO agent_app, agent_maint, agent_auditor, agent_eraser;

-- The relay reads and clears the outbox of all tenants; it carries ids only.
GRANT SELECT, DELETE, UPDATE (attempts, available_at) ON outbox TO agent_maint;
ALTER POLICY fence_read   ON outbox TO agent_app, agent_control, agent_auditor, agent_eraser, agent_owner;
ALTER POLICY fence_update ON outbox TO agent_app, agent_control, agent_auditor, agent_eraser, agent_owner;
ALTER POLICY fence_delete ON outbox TO agent_app, agent_control, agent_auditor, agent_eraser, agent_owner;
-- Everything else that crosses tenants (sealer, retention, archive) loops over
-- tenants and enters each with set_config(..., true): no role reads across.
