-- ------------------------------------------------------------- month partitions
CREATE FUNCTION monthly() RETURNS text[] LANGUAGE sql IMMUTABLE
  RETURN ARRAY['audit_logs','data_access_logs','security_events','verification_results','events','webhook_deliveries'];

CREATE FUNCTION ensure_months(ahead integer DEFAULT 3) RETURNS SETOF text
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = agent, pg_temp AS $$
DECLARE parent text; m date; part text;
BEGIN
  IF ahead NOT BETWEEN 0 AND 36 THEN RAISE EXCEPTION 'months ahead out of range'; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('agent.ensure_months', 0));
  FOREACH parent IN ARRAY agent.monthly() LOOP
    FOR i IN 0..ahead LOOP
      m := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i))::date;
      part := format('%s_%s', parent, to_char(m, 'YYYY_MM'));
      CONTINUE WHEN to_regclass('agent.' || part) IS NOT NULL;
      -- bounds carry their offset: without it they follow the session's TimeZone
      EXECUTE format('CREATE TABLE agent.%I PARTITION OF agent.%I FOR VALUES FROM (%L) TO (%L)',
                     part, parent, m || ' 00:00:00+00', (m + interval '1 month')::date || ' 00:00:00+00');
      EXECUTE format('ALTER TABLE agent.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
      EXECUTE format('GRANT SELECT ON agent.%I TO agent_backup', part);
      -- the row trigger of an append-only parent comes by inheritance, the one against TRUNCATE does not
      IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = format('agent.%I', parent)::regclass AND tgname = 'append_only_t') THEN
        EXECUTE format('CREATE TRIGGER append_only_t BEFORE TRUNCATE ON agent.%I FOR EACH STATEMENT EXECUTE FUNCTION agent.refuse_change()', part);
      END IF;
      RETURN NEXT part;
    END LOOP;
  END LOOP;
END $$;

CREATE FUNCTION months_ahead(parent regclass) RETURNS integer
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = agent, pg_temp AS $$
  SELECT count(*)::int - 1 FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
   WHERE i.inhparent = parent
     AND right(c.relname, 7) >= to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM') $$;
SELECT ensure_months(3);

-- A past month leaves its table.  Plain DETACH in a function, with a short lock_timeout:
-- it is a change of catalogue only (milliseconds), and the caller tries again when busy.
-- The month stays readable to agent_maint, still fenced by tenant: the archiver enters
-- each tenant in turn; the owner may count over tenants in it.  Append-only as before.
-- Its foreign keys go, so that what it points at can be erased.
CREATE FUNCTION detach_month(part text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = agent, pg_temp SET lock_timeout = '2s' AS $$
DECLARE parent text; k record;
BEGIN
  SELECT p.relname INTO parent FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
   WHERE c.relnamespace = 'agent'::regnamespace AND c.relname = part AND p.relname = ANY (agent.monthly());
  IF parent IS NULL THEN RAISE EXCEPTION '% is no month partition', part; END IF;
  IF right(part, 7) >= to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM') THEN RAISE EXCEPTION '% is not past', part; END IF;
  EXECUTE format('ALTER TABLE agent.%I DETACH PARTITION agent.%I', parent, part);
  FOR k IN SELECT conname FROM pg_constraint WHERE conrelid = format('agent.%I', part)::regclass AND contype = 'f' LOOP
    EXECUTE format('ALTER TABLE agent.%I DROP CONSTRAINT %I', part, k.conname);
  END LOOP;
  EXECUTE format('CREATE POLICY admit ON agent.%I FOR SELECT TO agent_maint, agent_auditor, agent_owner USING (true)', part);
  EXECUTE format('CREATE POLICY fence_read ON agent.%I AS RESTRICTIVE FOR SELECT TO agent_maint, agent_auditor, agent_app, agent_control, agent_eraser USING (tenant_id = (SELECT agent.current_tenant()))', part);
  EXECUTE format('GRANT SELECT ON agent.%I TO agent_maint', part);
  EXECUTE format('CREATE TRIGGER append_only BEFORE INSERT OR UPDATE OR DELETE ON agent.%I FOR EACH ROW EXECUTE FUNCTION agent.refuse_change()', part);
  EXECUTE format('CREATE OR REPLACE TRIGGER append_only_t BEFORE TRUNCATE ON agent.%I FOR EACH STATEMENT EXECUTE FUNCTION agent.refuse_change()', part);
END $$;

-- A detached month is dropped only when each tenant with rows in it has an archive
-- that was read back with the same count, or keeps nothing of it, and none has a hold.
CREATE FUNCTION drop_month(part text) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = agent, pg_temp SET lock_timeout = '2s' AS $$
DECLARE parent text := left(part, -8); m date := to_date(right(part, 7), 'YYYY_MM'); r record; total bigint := 0;
        before text := current_setting('app.current_tenant', true);
BEGIN
  IF parent <> ALL (agent.monthly()) OR to_regclass(format('agent.%I', part)) IS NULL
     OR EXISTS (SELECT FROM pg_inherits WHERE inhrelid = format('agent.%I', part)::regclass) THEN
    RAISE EXCEPTION '% is no detached month', part;
  END IF;
  FOR r IN EXECUTE format('SELECT tenant_id, count(*) AS n FROM agent.%I GROUP BY 1', part) LOOP
    PERFORM set_config('app.current_tenant', r.tenant_id::text, true);
    IF EXISTS (SELECT FROM retention_policies p WHERE p.tenant_id = r.tenant_id AND p.table_name = parent AND p.legal_hold) THEN
      RAISE EXCEPTION 'legal hold of tenant %', r.tenant_id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM archive_segments s WHERE s.tenant_id = r.tenant_id AND s.table_name = parent
                     AND s.period @> m AND s.verified_at IS NOT NULL AND s.row_count = r.n)
       AND NOT EXISTS (SELECT FROM retention_policies p WHERE p.tenant_id = r.tenant_id AND p.table_name = parent
                     AND p.erase_mode = 'after' AND (m + interval '1 month') AT TIME ZONE 'UTC' + p.erase_after < now()) THEN
      RAISE EXCEPTION 'tenant % has % rows in % without a verified archive', r.tenant_id, r.n, part USING ERRCODE = 'restrict_violation';
    END IF;
    total := total + r.n;
  END LOOP;
  PERFORM set_config('app.current_tenant', coalesce(before, ''), true);
  EXECUTE format('DROP TABLE agent.%I', part);
  RETURN total;
END $$;

-- Rows past their end, of all tenants, in short steps.  The owner's fence lets it see and
-- delete exactly those (below), so this crosses tenants without showing anyone's data.
CREATE FUNCTION expiring() RETURNS text[] LANGUAGE sql IMMUTABLE
  RETURN ARRAY['sessions','idempotency_keys','pushed_authorization_requests','authorization_sessions','message_queue'];
CREATE FUNCTION expire(at_most integer DEFAULT 5000) RETURNS TABLE (table_name text, deleted bigint)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = agent, pg_temp AS $$
BEGIN
  FOREACH table_name IN ARRAY agent.expiring() LOOP
    EXECUTE format('DELETE FROM agent.%I WHERE expires_at < now() AND ctid = ANY (ARRAY(SELECT ctid FROM agent.%I WHERE expires_at < now() LIMIT $1 FOR UPDATE SKIP LOCKED))', table_name, table_name) USING at_most;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN NEXT;
  END LOOP;
END $$;

-- Empties the slots of the ring that hold no day between five days ago and tomorrow.
CREATE FUNCTION turn_replay_ring() RETURNS SETOF text
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = agent, pg_temp SET lock_timeout = '2s' AS $$
DECLARE today integer := floor(extract(epoch FROM now()) / 86400)::integer; s integer;
BEGIN
  FOR s IN SELECT x FROM generate_series(0, 7) x EXCEPT SELECT (today + d) % 8 FROM generate_series(-5, 1) d LOOP
    IF pg_relation_size(format('agent.replay_marks_s%s', s)::regclass) > 0 THEN
      EXECUTE format('TRUNCATE agent.replay_marks_s%s', s);
      RETURN NEXT format('replay_marks_s%s', s);
    END IF;
  END LOOP;
END $$;

-- The epoch that rows are written in now: numbers of older ones compare with no running transaction.
CREATE FUNCTION current_epoch() RETURNS integer LANGUAGE sql STABLE AS $$
  SELECT pg_get_expr(d.adbin, d.adrelid)::integer
    FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
   WHERE d.adrelid = 'agent.audit_logs'::regclass AND a.attname = 'epoch'
$$;

-- After a logical restore, by the administrator: transaction numbers began again.
CREATE FUNCTION raise_epoch(now_at integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['audit_logs','data_access_logs','security_events','erasure_acts'] LOOP
    EXECUTE format('ALTER TABLE agent.%I ALTER COLUMN epoch SET DEFAULT %s', t, now_at);
  END LOOP;
END $$;
