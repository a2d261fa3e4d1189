-- SEED 8.1: what moves a tenant between the shared database and one of its own.
SET ROLE agent_owner;
-- One month of one table: a tenant that comes from elsewhere may bring older ones than there are here.
CREATE FUNCTION agent.ensure_month(parent text, m date) RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = agent, pg_temp AS $$
DECLARE part text := format('%s_%s', parent, to_char(m, 'YYYY_MM'));
BEGIN
  IF parent <> ALL (agent.monthly()) OR m <> date_trunc('month', m)::date THEN RAISE EXCEPTION 'no month of a monthly table'; END IF;
  IF to_regclass('agent.' || part) IS NOT NULL THEN RETURN NULL; END IF;
  -- bounds carry their offset: without it they follow the session's TimeZone
  EXECUTE format('CREATE TABLE agent.%I PARTITION OF agent.%I FOR VALUES FROM (%L) TO (%L)',
                 part, parent, m || ' 00:00:00+00', (m + interval '1 month')::date || ' 00:00:00+00');
  EXECUTE format('ALTER TABLE agent.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
  EXECUTE format('GRANT SELECT ON agent.%I TO agent_backup', part);
  -- the row trigger of an append-only parent comes by inheritance, the one against TRUNCATE does not
  IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = format('agent.%I', parent)::regclass AND tgname = 'append_only_t') THEN
    EXECUTE format('CREATE TRIGGER append_only_t BEFORE TRUNCATE ON agent.%I FOR EACH STATEMENT EXECUTE FUNCTION agent.refuse_change()', part);
  END IF;
  RETURN part;
END $$;
REVOKE ALL ON FUNCTION agent.ensure_month(text, date) FROM PUBLIC;
CREATE OR REPLACE FUNCTION agent.ensure_months(ahead integer DEFAULT 3) RETURNS SETOF text
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = agent, pg_temp AS $$
DECLARE parent text; part text;
BEGIN
  IF ahead NOT BETWEEN 0 AND 36 THEN RAISE EXCEPTION 'months ahead out of range'; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('agent.ensure_months', 0));
  FOREACH parent IN ARRAY agent.monthly() LOOP
    FOR i IN 0..ahead LOOP
      part := agent.ensure_month(parent, (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i))::date);
      IF part IS NOT NULL THEN RETURN NEXT part; END IF;
    END LOOP;
  END LOOP;
END $$;
-- Put on every table of a tenant's old database while it moves and until the move is final: to make such a trigger waits
-- for every transaction that wrote there, and from then on nothing of the tenant is written.  Replication is not asked.
CREATE FUNCTION agent.refuse_moved() RETURNS trigger LANGUAGE plpgsql SET search_path = agent, pg_temp AS $$
BEGIN
  IF current_setting('app.current_tenant', true) = TG_ARGV[0] THEN
    RAISE EXCEPTION 'the tenant is elsewhere' USING ERRCODE = 'cannot_connect_now';
  END IF;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION agent.refuse_moved() FROM PUBLIC;
RESET ROLE;
