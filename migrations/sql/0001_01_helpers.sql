-- >>>>>>>>>>>>>>>>>>>>>>>>>>>> PART 2: AS agent_owner >>>>>>>>>>>>>>>>>>>>>>>>>
SET LOCAL ROLE agent_owner;
SET LOCAL search_path = agent;
DO $$ BEGIN
  IF current_user <> 'agent_owner' THEN RAISE EXCEPTION 'run this part inside one transaction, as a member of agent_owner'; END IF;
END $$;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- ------------------------------------------------------------------ helpers
CREATE FUNCTION current_tenant() RETURNS uuid
  LANGUAGE sql STABLE PARALLEL SAFE
  -- after a transaction-local setting ends the value is '' and not NULL: nullif
  RETURN nullif(current_setting('app.current_tenant', true), '')::uuid;

CREATE FUNCTION system_tenant() RETURNS uuid
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN '00000000-0000-0000-0000-000000000000'::uuid;   -- owner of the shared catalogue
GRANT EXECUTE ON FUNCTION current_tenant(), system_tenant() TO PUBLIC;

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.updated_at := now(); NEW.row_version := OLD.row_version + 1; RETURN NEW; END $$;

-- current_user is agent_eraser only inside agent.erase: nobody may become it.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_user = 'agent_eraser' AND session_user <> 'agent_eraser' THEN RETURN OLD; END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- An index of a status list keeps its row for ever; only the link to the
-- credential may go, when the credential is erased.
CREATE FUNCTION refuse_but_unlink() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_user = 'agent_eraser' THEN RETURN OLD; END IF;
  IF TG_OP = 'UPDATE' AND NEW.credential_id IS NULL
     AND (NEW.tenant_id, NEW.registry_id, NEW.idx, NEW.block_no, NEW.purpose)
       = (OLD.tenant_id, OLD.registry_id, OLD.idx, OLD.block_no, OLD.purpose) THEN RETURN NEW; END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- Versioned things: free while a draft, then fixed; a change is the next version.
CREATE FUNCTION fix_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE free text[] := '{state,activated_at,retired_at,updated_at,row_version}';
BEGIN
  IF OLD.state = 'draft' OR current_user = 'agent_eraser' THEN RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END; END IF;
  IF TG_OP = 'UPDATE' AND NEW.state <> 'draft' AND to_jsonb(NEW) - free = to_jsonb(OLD) - free THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'version % of % is fixed', OLD.version, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- 1 byte version | 16 bytes key id | 12 bytes nonce | ciphertext | 16 bytes tag
CREATE DOMAIN sealed      AS bytea CHECK (octet_length(VALUE) >= 45 AND substring(VALUE FROM 1 FOR 1) = '\x01');
CREATE DOMAIN blind_index AS bytea CHECK (octet_length(VALUE) = 32);
CREATE DOMAIN digest256   AS bytea CHECK (octet_length(VALUE) = 32);
-- SEED: VARCHAR(500) is too short for did:jwk, did:peer:2/4 and did:key of large
-- keys; a btree entry stops near 2,700 bytes, hence the *_hash columns below:
-- SHA-256 of the UTF-8 bytes.  convert_to() is only STABLE, so the bytes come from
-- decode(..., 'escape') with backslashes doubled, which is IMMUTABLE and built in.
CREATE DOMAIN did_text    AS text  CHECK (VALUE ~ '^did:[a-z0-9]+:.' AND octet_length(VALUE) <= 16384);
-- SEED: issuer_did, verifier_did, did.  Most issuers and verifiers are known by an
-- https identifier or a certificate: a kind ('did', 'https', 'x509', or what a
-- plugin adds) and the identifier as it stands on the wire.
CREATE DOMAIN identifier_kind AS text CHECK (VALUE ~ '^[a-z0-9][a-z0-9_+.-]{0,31}$');
CREATE DOMAIN identifier      AS text CHECK (octet_length(VALUE) BETWEEN 1 AND 16384);
CREATE DOMAIN word            AS text CHECK (octet_length(VALUE) BETWEEN 1 AND 128);     -- a specification's or our own code word
-- SEED: INET in clear.  The network is enough to notice a change of place; the whole
-- address, where it is needed at all, is sealed beside it.
CREATE DOMAIN ip_prefix       AS cidr CHECK (masklen(VALUE) <= CASE family(VALUE) WHEN 4 THEN 24 ELSE 48 END);
