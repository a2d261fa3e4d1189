-- Vacuum and statistics, table by table.  Partitions take none of it from their table, and a new month begins without: so they
-- are data, and whoever keeps the house applies them each day.
SET ROLE agent_owner;
CREATE FUNCTION agent.table_settings() RETURNS TABLE (name text, settings text[]) LANGUAGE sql IMMUTABLE AS $f$
  VALUES
  -- emptied as fast as they are filled: vacuumed by number, before they grow
  ('outbox',                        ARRAY['autovacuum_vacuum_scale_factor=0', 'autovacuum_vacuum_threshold=2000', 'autovacuum_vacuum_cost_delay=0']),
  ('message_queue',                 ARRAY['autovacuum_vacuum_scale_factor=0', 'autovacuum_vacuum_threshold=2000']),
  ('idempotency_keys',              ARRAY['autovacuum_vacuum_scale_factor=0.02', 'autovacuum_vacuum_threshold=2000']),
  ('sessions',                      ARRAY['autovacuum_vacuum_scale_factor=0.02', 'autovacuum_vacuum_threshold=2000']),
  ('pushed_authorization_requests', ARRAY['autovacuum_vacuum_scale_factor=0.02', 'autovacuum_vacuum_threshold=2000']),
  ('authorization_sessions',        ARRAY['autovacuum_vacuum_scale_factor=0.02', 'autovacuum_vacuum_threshold=2000']),
  -- few rows, each changed again and again
  ('usage_counters',                ARRAY['autovacuum_vacuum_scale_factor=0', 'autovacuum_vacuum_threshold=500', 'autovacuum_vacuum_cost_delay=0']),
  ('attempt_counters',              ARRAY['autovacuum_vacuum_scale_factor=0', 'autovacuum_vacuum_threshold=500']),
  ('status_list_shards',            ARRAY['autovacuum_vacuum_cost_delay=0']),
  -- large, changed in place a few times: a fifth of them dead would be far too late
  ('issuances',                     ARRAY['autovacuum_vacuum_scale_factor=0.02', 'autovacuum_analyze_scale_factor=0.02']),
  ('presentation_requests',         ARRAY['autovacuum_vacuum_scale_factor=0.02', 'autovacuum_analyze_scale_factor=0.02']),
  ('presentations',                 ARRAY['autovacuum_vacuum_scale_factor=0.02', 'autovacuum_analyze_scale_factor=0.02']),
  ('credentials',                   ARRAY['autovacuum_vacuum_scale_factor=0.02', 'autovacuum_analyze_scale_factor=0.02']),
  -- only ever appended to: frozen at the first vacuum, which then never comes back to those pages
  ('audit_logs',                    ARRAY['autovacuum_freeze_min_age=0', 'autovacuum_vacuum_insert_scale_factor=0.05']),
  ('data_access_logs',              ARRAY['autovacuum_freeze_min_age=0', 'autovacuum_vacuum_insert_scale_factor=0.05']),
  ('security_events',               ARRAY['autovacuum_freeze_min_age=0', 'autovacuum_vacuum_insert_scale_factor=0.05']),
  ('verification_results',          ARRAY['autovacuum_freeze_min_age=0', 'autovacuum_vacuum_insert_scale_factor=0.05'])
$f$;
-- Tenants differ by orders of magnitude: the planner has to know more of them than the hundred largest.
CREATE FUNCTION agent.skewed() RETURNS text[] LANGUAGE sql IMMUTABLE
  RETURN ARRAY['credentials','credential_tags','issuances','presentations','presentation_requests','verification_results','audit_logs','data_access_logs','users','wallets'];

CREATE FUNCTION agent.settle_tables() RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = agent, pg_temp SET lock_timeout = '2s' AS $f$
DECLARE r record; done integer := 0;
BEGIN
  FOR r IN SELECT c.oid::regclass AS rel, s.settings FROM agent.table_settings() s
             JOIN pg_class c ON c.relnamespace = 'agent'::regnamespace AND c.relkind = 'r'
              AND s.name = (SELECT p.relname FROM pg_class p WHERE p.oid = coalesce(pg_partition_root(c.oid), c.oid))
            WHERE NOT coalesce(c.reloptions, '{}') @> s.settings LOOP
    EXECUTE format('ALTER TABLE %s SET (%s)', r.rel, array_to_string(r.settings, ', '));
    done := done + 1;
  END LOOP;
  FOR r IN SELECT c.oid::regclass AS rel FROM pg_class c
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND coalesce(a.attstattarget, -1) <> 1000
            WHERE c.relnamespace = 'agent'::regnamespace AND c.relkind IN ('r','p')
              AND (SELECT p.relname FROM pg_class p WHERE p.oid = coalesce(pg_partition_root(c.oid), c.oid)) = ANY (agent.skewed()) LOOP
    EXECUTE format('ALTER TABLE ONLY %s ALTER COLUMN tenant_id SET STATISTICS 1000', r.rel);
    done := done + 1;
  END LOOP;
  RETURN done;
END $f$;

-- Statistics of one table or partition; those of a partitioned table itself nobody else gathers.
CREATE FUNCTION agent.refresh_statistics(rel regclass) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = agent, pg_temp SET lock_timeout = '2s' AS $f$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_class WHERE oid = rel AND relnamespace = 'agent'::regnamespace AND relkind IN ('r','p')) THEN
    RAISE EXCEPTION 'none of our tables' USING ERRCODE = 'insufficient_privilege';
  END IF;
  EXECUTE format('ANALYZE %s', rel);
END $f$;
REVOKE EXECUTE ON FUNCTION agent.table_settings(), agent.skewed(), agent.settle_tables(), agent.refresh_statistics(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agent.table_settings(), agent.skewed(), agent.settle_tables(), agent.refresh_statistics(regclass) TO agent_maint;
SELECT agent.settle_tables();

-- From PostgreSQL 17 on a role can be let rebuild indexes without owning them, those of coming months too.
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 170000 THEN
    EXECUTE 'GRANT MAINTAIN ON ALL TABLES IN SCHEMA agent, chancery_jobs TO agent_maint';
    EXECUTE 'ALTER DEFAULT PRIVILEGES IN SCHEMA agent GRANT MAINTAIN ON TABLES TO agent_maint';
  END IF;
END $$;

-- How the server would do a statement that it counted, whatever the values (PostgreSQL 16 and newer). It takes the statement's
-- number, so that nobody's text gets here, and runs nothing.
CREATE FUNCTION agent.generic_plan(counted bigint) RETURNS SETOF text LANGUAGE plpgsql SET search_path = agent, pg_temp AS $f$
DECLARE text_of text;
BEGIN
  SELECT query INTO text_of FROM chancery_meta.pg_stat_statements
   WHERE queryid = counted AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1;
  RETURN QUERY EXECUTE 'EXPLAIN (GENERIC_PLAN, COSTS OFF) ' || text_of;
END $f$;
REVOKE EXECUTE ON FUNCTION agent.generic_plan(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION agent.generic_plan(bigint) TO agent_control;

-- What was done to keep the database well: names of tables and indexes, and figures.
CREATE TABLE chancery_jobs.maintenance (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      timestamptz NOT NULL DEFAULT now(),
  task    text NOT NULL,
  subject text NOT NULL,
  figures jsonb NOT NULL
);
CREATE INDEX maintenance_latest ON chancery_jobs.maintenance (task, subject, at DESC);
GRANT SELECT, INSERT, DELETE ON chancery_jobs.maintenance TO agent_maint;
GRANT USAGE ON SEQUENCE chancery_jobs.maintenance_id_seq TO agent_maint;
GRANT SELECT ON chancery_jobs.maintenance TO agent_control, agent_backup;
GRANT SELECT ON SEQUENCE chancery_jobs.maintenance_id_seq TO agent_backup;
-- Where the administrator put the extensions that measure.
GRANT USAGE ON SCHEMA chancery_meta TO agent_maint, agent_control;
RESET ROLE;
