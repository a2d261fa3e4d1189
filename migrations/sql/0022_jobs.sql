-- Who may do what with jobs. Processes that serve may add one, in their own transaction and for the tenant they are in, and see
-- none; the worker does them; who operates the server sees them all. So the tables need no fence, and hold no personal data:
-- the one door in takes ids, numbers and code words only.
CREATE TABLE failures (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_id    bigint NOT NULL REFERENCES procrastinate_jobs (id) ON DELETE CASCADE,
  failed_at timestamptz NOT NULL DEFAULT now(),
  reason    text NOT NULL CHECK (reason ~ '^[A-Za-z_][A-Za-z0-9_]{0,99}$')   -- the exception's name; never its message
);
CREATE INDEX failures_job ON failures (job_id, failed_at DESC);

CREATE FUNCTION enqueue(task text, args jsonb DEFAULT '{}', due timestamptz DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = chancery_jobs, pg_temp AS $f$
DECLARE
  t uuid := agent.current_tenant();
  whose text := task || ':' || coalesce(t::text, '');
BEGIN
  IF t IS NULL THEN RAISE EXCEPTION 'no tenant' USING ERRCODE = 'insufficient_privilege'; END IF;
  IF task !~ '^[a-z_]{1,100}$' THEN RAISE EXCEPTION 'no name of a task' USING ERRCODE = 'invalid_parameter_value'; END IF;
  IF EXISTS (SELECT FROM jsonb_each(args) a WHERE a.key = 'tenant' OR jsonb_typeof(a.value) NOT IN ('string','number','boolean')
              OR (jsonb_typeof(a.value) = 'string' AND a.value #>> '{}' !~ '^[a-zA-Z0-9_.:-]{1,64}$')) THEN
    RAISE EXCEPTION 'a job takes ids, numbers and code words' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF t <> agent.system_tenant() THEN args := args || jsonb_build_object('tenant', t); ELSE whose := task; END IF;
  RETURN (procrastinate_defer_jobs_v1(ARRAY[ROW('chancery', task, 0, whose, NULL, args, due)::procrastinate_job_to_defer_v1]))[1];
END $f$;
REVOKE EXECUTE ON FUNCTION enqueue(text, jsonb, timestamptz) FROM PUBLIC;

-- One job for each active tenant that has none of this kind waiting or under way.
CREATE FUNCTION enqueue_for_tenants(task text) RETURNS bigint
  LANGUAGE sql SECURITY INVOKER SET search_path = chancery_jobs, pg_temp AS $f$
  SELECT coalesce(cardinality(procrastinate_defer_jobs_v1(
           array_agg(ROW('chancery', task, 0, task || ':' || t.id, NULL, jsonb_build_object('tenant', t.id), NULL)::procrastinate_job_to_defer_v1))), 0)
    FROM agent.tenants t
   WHERE t.status = 'active' AND t.placement = 'shared' AND t.id <> agent.system_tenant()
     AND NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.lock = task || ':' || t.id AND j.status IN ('todo','doing'))
$f$;

-- A job that failed for good is tried once more when the operator says so.
CREATE FUNCTION try_again(job bigint) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = chancery_jobs, pg_temp AS $f$
BEGIN
  UPDATE procrastinate_jobs SET status = 'todo', scheduled_at = NULL, attempts = 0 WHERE id = job AND status = 'failed';
  IF FOUND THEN
    PERFORM pg_notify('procrastinate_queue_v1#chancery', json_build_object('type', 'job_inserted', 'job_id', job)::text);
  END IF;
  RETURN FOUND;
END $f$;

GRANT USAGE ON SCHEMA chancery_jobs TO agent_app, agent_control, agent_maint, agent_backup;
GRANT EXECUTE ON FUNCTION enqueue(text, jsonb, timestamptz) TO agent_app, agent_control, agent_maint;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA chancery_jobs TO agent_maint;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA chancery_jobs TO agent_maint;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA chancery_jobs TO agent_maint;
GRANT SELECT ON ALL TABLES IN SCHEMA chancery_jobs TO agent_control, agent_backup;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA chancery_jobs TO agent_backup;
GRANT EXECUTE ON FUNCTION try_again(bigint) TO agent_control;
RESET ROLE;
