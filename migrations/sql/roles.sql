-- ============================================================================
-- Data model of the credential agent.  PostgreSQL 15 or newer; uses no
-- extension, so that the embedded server, a Debian server and a managed one
-- take the same text.  Two parts:
--   PART 1  roles, the schema and the one function that may erase: run once
--           for each database by an administrator (CREATEROLE and CREATE on the
--           database are enough, no superuser), in one transaction.
--   PART 2  everything else, as agent_owner, in one transaction of the caller.
--           The first migration realises it; later migrations alter it.
-- Neither part begins or commits: the caller's transaction holds it whole.
--
-- "SEED:" marks a departure from the data-model appendix and says why.
--
-- Rules that hold for the whole file
--  R1  Every row of a tenant carries tenant_id and every primary key starts
--      with it: (tenant_id, id).  Every foreign key is composite, so that the
--      database itself refuses a reference from one tenant to another.
--      SEED: credentials, key_pairs, sessions, dids, presentations and most
--      others had no tenant_id, though the isolation policy reads it; and a
--      plain REFERENCES wallets(id) is checked WITHOUT row security, so a
--      tenant could point at, and probe for, another tenant's rows.
--      A foreign key locks the row it points at.  Tables filled on the hot
--      path have none to rows that every insert of a tenant would share
--      (tenants, an issuer, a type, a status list): the fence already says
--      whose row it is, and the rows named so cannot be deleted.
--  R2  Row level security is ENABLEd and FORCEd.  The fence is RESTRICTIVE:
--      a permissive policy added later can never widen it.
--      SEED: without FORCE the table's owner sees everything; the seed's
--      verifier_read, being permissive, opened every tenant's credentials.
--  R3  The tenant of a transaction is set with
--          SELECT set_config('app.current_tenant', $1, true)
--      and ends with it.  No tenant set = no row.  SEED: set_current_tenant()
--      was session-wide (false), so the next borrower of the pooled
--      connection inherited it; SECURITY DEFINER without a fixed search_path
--      and executable by PUBLIC added risk and gave nothing.
--  R4  Secrets and personal data are sealed by the application (AES-256-GCM;
--      data keys per tenant and per subject, wrapped by a key in the HSM).
--      SEED: "ENCRYPTED" is not PostgreSQL.  Sealed columns are bytea of
--      domain agent.sealed; nothing can be searched in them: equality search
--      goes through agent.blind_index (HMAC-SHA-256, key per tenant).
--      additional data = table|column|tenant_id|id, so that a ciphertext
--      copied to another row, column or tenant does not open.
--      Each column that could hold personal data is sealed, blind-indexed or
--      coarsened; a jsonb or text column left in clear holds code words, ids
--      and settings only, never a value about a person.
--  R5  Uniqueness is per tenant.  SEED: global UNIQUE(credential_id), (key_id),
--      (wallet_did) told a tenant what another one holds.
--  R6  Runtime roles own nothing, are no superusers and lack BYPASSRLS.
--  R7  Append-only tables: no UPDATE/DELETE privilege and a trigger that
--      refuses both for everyone, the owner included.  One exception: the
--      function agent.erase, owned by agent_eraser, which nobody can become;
--      it demands an approved request and writes what it did.
--  R8  Only leakproof operators (uuid =, text =, bytea =, timestamps, ints)
--      are used in searches of fenced tables; others (jsonb @>, @@, LIKE, any
--      function over a column) can't be index conditions under row security.
--      SEED: its GIN and full-text indexes would never have been used.
--  R9  A CHECK lists words only for our own state machines.  Formats,
--      algorithms, key types, status types, methods and protocols are text in
--      the specifications' own spelling (dc+sd-jwt, mso_mdoc, jwt_vc_json,
--      ldp_vc, statuslist+jwt, ES256, ...): plugins add to them.
--  R10 Every column has a class (column_classifications); one without stops
--      this file, and with it the build.
--
-- Where the tables live when a tenant has a database of its own
--   control database only   tenants, tenant_limits, tenant_moves; the system
--                           tenant's rows of the catalogue are written here
--   copied, read-only       the catalogue's system rows (credential_schemas,
--                           credential_types, trust_registries, trust_anchors,
--                           trust_chains, trust_chain_members) and the tenant's
--                           row of tenants and tenant_limits: by a publication
--                           filtered on tenant_id, or by a job that compares
--                           row_version; the same ids on both sides
--   the tenant's database   all other tables; usage_counters and usage_leases
--                           too: limits are enforced where the writes are
--   everywhere, not copied  column_classifications: this file fills it
--
-- Acts that need the administrator's own connection, which no resident process
-- holds: PART 1; migrations (as agent_owner); CREATE SUBSCRIPTION and
-- PUBLICATION for a tenant move (its apply role needs BYPASSRLS, and leaves with
-- the move); logical dumps (agent_backup); DETACH ... CONCURRENTLY (needs the
-- owner and no transaction; detach_month below waits briefly instead); restore
-- drills and raise_epoch() after them; changing agent.erase.
-- ============================================================================

-- >>>>>>>>>>>>>>>>>>>>>>>>>>>> PART 1: ROLES >>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>
-- agent_owner    owns the objects; used by migrations only
-- agent_app      the web and worker processes (login roles are members)
-- agent_control  creates tenants, writes the shared catalogue
-- agent_maint    partitions, seals, retention, expiry; mostly through functions
-- agent_auditor  reads audit tables of one tenant at a time
-- agent_eraser   owns agent.erase; nobody may become it
-- agent_backup   reads all, writes nothing
DO $$
DECLARE r text;
BEGIN
  IF current_setting('server_version_num')::int < 150000 THEN RAISE EXCEPTION 'PostgreSQL 15 or newer is needed'; END IF;
  FOREACH r IN ARRAY ARRAY['agent_owner','agent_app','agent_control','agent_maint','agent_auditor','agent_eraser'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN EXECUTE format('CREATE ROLE %I NOLOGIN', r); END IF;
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname LIKE 'agent\_%' AND (rolsuper OR rolbypassrls) AND rolname <> 'agent_backup') THEN
    RAISE EXCEPTION 'a runtime role is superuser or bypasses row security';
  END IF;
  -- Logical dumps and logical replication must see all rows: FORCE stops the owner too.
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'agent_backup') THEN
    BEGIN
      CREATE ROLE agent_backup NOLOGIN BYPASSRLS;
    EXCEPTION WHEN insufficient_privilege THEN
      CREATE ROLE agent_backup NOLOGIN;
      RAISE NOTICE 'agent_backup lacks BYPASSRLS, which this server does not let us give: physical backups are whole, logical ones go tenant by tenant';
    END;
  END IF;
  -- An administrator who is no superuser needs to become these two for a moment.
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('GRANT agent_owner, agent_eraser TO %I', current_user);
  END IF;
  EXECUTE 'CREATE SCHEMA IF NOT EXISTS agent AUTHORIZATION agent_owner';
  BEGIN
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
  EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'schema public belongs to someone else: revoke CREATE on it by hand';
  END;
END $$;
SET LOCAL ROLE agent_owner;
GRANT USAGE ON SCHEMA agent TO agent_app, agent_control, agent_maint, agent_auditor, agent_backup;
GRANT USAGE, CREATE ON SCHEMA agent TO agent_eraser;
RESET ROLE;
SET LOCAL ROLE agent_eraser;

-- The one way out of an append-only table.  Runs inside the current tenant and
-- is fenced like everyone.  scope: 'tenant' (its status must be 'erasing', or
-- 'moved' for clearing the source of a finished move), 'credential' (with its
-- history; its bit in the status list stays), 'did' (with its documents).
-- At most at_most rows of a table in one call, for short transactions: call again
-- until it answers 0.  What it did goes to erasure_acts, append-only and sealed.
CREATE OR REPLACE FUNCTION agent.erase(scope text, target uuid, request uuid, at_most integer DEFAULT 10000) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  t uuid := agent.current_tenant();
  state text; total bigint := 0; n bigint; gone bigint; leaf oid; rest oid[]; free oid[]; o oid; step record;
BEGIN
  IF t IS NULL OR t = agent.system_tenant() THEN RAISE EXCEPTION 'no tenant' USING ERRCODE = 'insufficient_privilege'; END IF;
  PERFORM FROM agent.erasure_requests r
    WHERE r.tenant_id = t AND r.id = request AND r.scope = erase.scope AND r.target_id IS NOT DISTINCT FROM target
      AND r.approved_at IS NOT NULL AND r.completed_at IS NULL;
  IF NOT FOUND THEN RAISE EXCEPTION 'no approved, open erasure request for this' USING ERRCODE = 'insufficient_privilege'; END IF;
  IF scope <> 'tenant' AND target IS NULL THEN RAISE EXCEPTION 'target missing'; END IF;
  IF EXISTS (SELECT FROM agent.retention_policies p WHERE p.tenant_id = t AND p.legal_hold
              AND (scope = 'tenant' OR p.table_name IN (scope || 's', 'credential_statuses'))) THEN
    RAISE EXCEPTION 'legal hold' USING ERRCODE = 'restrict_violation';
  END IF;

  IF scope = 'tenant' THEN
    SELECT x.status INTO state FROM agent.tenants x WHERE x.id = t;
    IF state IS NULL OR state NOT IN ('erasing','moved') THEN RAISE EXCEPTION 'tenant is neither erasing nor moved' USING ERRCODE = 'restrict_violation'; END IF;
    IF state = 'erasing' AND EXISTS (SELECT FROM agent.archive_segments s WHERE s.tenant_id = t AND s.erased_at IS NULL) THEN
      RAISE EXCEPTION 'archived objects are not erased yet' USING ERRCODE = 'restrict_violation';
    END IF;
    -- Everything but the record of the erasure; an erased tenant also keeps its
    -- chain of seals (hashes only), a moved one took it along.
    rest := ARRAY(SELECT c.oid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
                   WHERE c.relnamespace = 'agent'::regnamespace AND c.relkind IN ('r','p') AND NOT c.relispartition
                     AND c.relname NOT IN ('erasure_requests','erasure_acts','tenant_moves')
                     AND NOT (c.relname = 'audit_seals' AND state = 'erasing'));
    WHILE cardinality(rest) > 0 LOOP                        -- children before parents
      free := ARRAY(SELECT u FROM unnest(rest) u WHERE NOT EXISTS (
                SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.confrelid = u AND k.conrelid <> u
                   AND k.conparentid = 0 AND k.conrelid = ANY (rest)));
      IF cardinality(free) = 0 THEN RAISE EXCEPTION 'foreign keys form a circle'; END IF;
      FOREACH o IN ARRAY free LOOP
        n := 0;
        LOOP                                                -- one partition at a time, by row address
          EXECUTE format('SELECT tableoid FROM %s WHERE tenant_id = $1 LIMIT 1', o::regclass) INTO leaf USING t;
          EXIT WHEN leaf IS NULL;
          EXECUTE format('DELETE FROM %1$s WHERE tenant_id = $1 AND tableoid = $2 AND ctid = ANY (ARRAY(SELECT ctid FROM %1$s WHERE tenant_id = $1 AND tableoid = $2 LIMIT $3))', o::regclass)
            USING t, leaf, at_most - n;
          GET DIAGNOSTICS gone = ROW_COUNT;
          IF gone = 0 THEN RAISE EXCEPTION 'rows of % resist', o::regclass; END IF;
          n := n + gone;
          EXIT WHEN n >= at_most;
        END LOOP;
        IF n > 0 THEN
          INSERT INTO agent.erasure_acts (tenant_id, request_id, scope, target_id, table_name, row_count)
               VALUES (t, request, scope, target, (SELECT relname FROM pg_class WHERE oid = o), n);
          total := total + n;
          IF n >= at_most THEN RETURN total; END IF;        -- more of it: next call
        END IF;
      END LOOP;
      rest := ARRAY(SELECT u FROM unnest(rest) u WHERE u <> ALL (free));
    END LOOP;
    RETURN total;
  END IF;

  IF scope NOT IN ('credential','did') THEN RAISE EXCEPTION 'unknown scope %', scope; END IF;
  FOR step IN SELECT * FROM (VALUES
      ('credential', 1, 'credential_statuses',      'credential_id'),
      ('credential', 2, 'presentation_credentials', 'credential_id'),
      ('credential', 3, 'credentials',              'id'),
      ('did',        1, 'did_documents',            'did_id'),
      ('did',        2, 'dids',                     'id')) v (s, position, tab, col)
      WHERE v.s = scope ORDER BY v.position LOOP
    EXECUTE format('DELETE FROM agent.%I WHERE tenant_id = $1 AND %I = $2', step.tab, step.col) USING t, target;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n > 0 THEN
      INSERT INTO agent.erasure_acts (tenant_id, request_id, scope, target_id, table_name, row_count)
           VALUES (t, request, scope, target, step.tab, n);
      total := total + n;
    END IF;
  END LOOP;
  RETURN total;
END $f$;
REVOKE EXECUTE ON FUNCTION agent.erase(text, uuid, uuid, integer) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION agent.erase(text, uuid, uuid, integer) TO agent_maint;
RESET ROLE;
SET LOCAL ROLE agent_owner;
REVOKE CREATE ON SCHEMA agent FROM agent_eraser;
RESET ROLE;
DO $$ BEGIN
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('REVOKE agent_eraser FROM %I', current_user);
  END IF;
END $$;
-- <<<<<<<<<<<<<<<<<<<<<<<<<<<< END OF PART 1 <<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<


-- Where Alembic keeps its version: no tenant's data, so outside the fenced schema.
CREATE SCHEMA IF NOT EXISTS chancery_meta AUTHORIZATION agent_owner;
-- Where the job queue keeps its tables; no row of a tenant, ids and code words only.
CREATE SCHEMA IF NOT EXISTS chancery_jobs AUTHORIZATION agent_owner;
