-- ------------------------------------------------------------ audit, append-only
-- SEED: PRIMARY KEY (id) on a table partitioned by timestamp is refused: the key
-- must contain the partition column.  Nothing references these tables, so a month
-- can be detached and archived.  No DEFAULT partition: it would forbid DETACH ...
-- CONCURRENTLY; months are made ahead and readiness fails when they run out.
--
-- Leaf of a row = SHA-256(0x00 || canonical bytes).  Canonical bytes: a JSON object by
-- RFC 8785 with the member "log" (the table's name) and every column that is not NULL
-- under its name; bytea as unpadded base64url, uuid in lower case, timestamps in UTC
-- with six decimals and Z, xid8 as a decimal string, cidr as text, jsonb and arrays as
-- they are.  The ciphertexts are hashed, not the clear text: an outsider checks an
-- export with a public key and learns nothing, and destroying a subject's key breaks no
-- leaf.  A column added later is NULL in old rows, so old leaves stay.  No HMAC per row:
-- it proves nothing to who lacks the key.
-- xact + epoch: order of sealing.  The sealer takes, for each tenant, all rows
-- whose transaction is older than every running one, builds a Merkle tree over
-- their leaves and signs (previous seal, range, root, count) with the tenant's audit
-- key.  Writers never wait for each other, no row is updated, nothing can slip in behind.
-- One tree over the four logs (audit_logs, data_access_logs, security_events,
-- erasure_acts), leaves in order of (xact, log, id): one signature a round instead of
-- four, the logs' common order is proved, and none can be cut short by itself.  An
-- export of one log carries the others' leaves, which are hashes only.
-- The sealer visits at once the tenants that the outbox names and all others in a slow
-- round: no role reads across tenants for it.
-- epoch goes up by one after a logical restore, as transaction numbers restart.
CREATE TABLE audit_logs (
  tenant_id     uuid NOT NULL DEFAULT current_tenant(),
  occurred_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  id            uuid NOT NULL DEFAULT gen_random_uuid(),
  user_id       uuid,                             -- no foreign key: history outlives its subjects
  actor_kind    word,                             -- user, api_key, client, worker, peer
  event_type    text NOT NULL CHECK (length(event_type) <= 64),
  resource_type text NOT NULL CHECK (length(resource_type) <= 64),
  resource_id   uuid,
  action        text NOT NULL CHECK (length(action) <= 64),
  -- SEED: before/after states in clear would keep what crypto-deletion erases
  before_sealed sealed,
  after_sealed  sealed,
  ip_network    ip_prefix,                        -- SEED: ip_address and user_agent in clear
  context_sealed sealed,                          -- whole address, user agent and anything else about the person
  correlation_id uuid,                            -- issuance, presentation or thread this belongs to
  metadata      jsonb NOT NULL DEFAULT '{}',      -- code words and ids only
  epoch         integer NOT NULL DEFAULT 1,
  xact          xid8 NOT NULL DEFAULT pg_current_xact_id(),   -- SEED: signature TEXT, without saying over what or in which order
  PRIMARY KEY (tenant_id, occurred_at, id)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX audit_logs_user     ON audit_logs (tenant_id, user_id, occurred_at DESC) WHERE user_id IS NOT NULL;
CREATE INDEX audit_logs_resource ON audit_logs (tenant_id, resource_id, occurred_at DESC) WHERE resource_id IS NOT NULL;
CREATE INDEX audit_logs_event    ON audit_logs (tenant_id, event_type, occurred_at DESC);   -- SEED: full-text over code words
CREATE INDEX audit_logs_seal     ON audit_logs (tenant_id, epoch, xact);

CREATE TABLE audit_seals (
  tenant_id   uuid NOT NULL REFERENCES tenants(id),
  seal_no     bigint NOT NULL CHECK (seal_no > 0),
  epoch       integer NOT NULL,
  from_xact   xid8 NOT NULL,                     -- inclusive
  to_xact     xid8 NOT NULL,                     -- exclusive
  leaf_count  bigint NOT NULL CHECK (leaf_count > 0),
  -- All leaves in order.  With them the altered or missing row is found, not only the
  -- seal; what retention or an erasure removed keeps its place, and the rest its proof.
  leaves      bytea NOT NULL,
  merkle_root digest256 NOT NULL,                -- RFC 6962 tree
  prev_hash   digest256 NOT NULL,                -- hash of the previous seal; zeros for the first
  seal_hash   digest256 NOT NULL,
  signature   bytea NOT NULL,
  algorithm   word NOT NULL,
  key_thumbprint digest256 NOT NULL,             -- no foreign key: the seal outlives the key
  sealed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  witnessed_at timestamptz,                      -- published to the write-once store before this row was written
  PRIMARY KEY (tenant_id, seal_no),
  UNIQUE (tenant_id, prev_hash),                 -- a chain cannot fork
  CHECK (octet_length(leaves) = 32 * leaf_count),
  CHECK (from_xact < to_xact)
);
CREATE INDEX audit_seals_xact ON audit_seals (tenant_id, epoch, from_xact);

CREATE TABLE data_access_logs (
  tenant_id           uuid NOT NULL DEFAULT current_tenant(),
  accessed_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  id                  uuid NOT NULL DEFAULT gen_random_uuid(),
  audit_log_id        uuid NOT NULL,             -- with audit_occurred_at: a soft reference, same month, same archive
  audit_occurred_at   timestamptz NOT NULL,
  subject_index       blind_index,               -- "who saw my data" is answerable
  data_classification text NOT NULL CHECK (data_classification IN ('restricted','sensitive','internal','public')),
  fields_accessed     text[] NOT NULL,           -- table.column or claim path
  purpose             word NOT NULL,
  legal_basis         word NOT NULL,
  user_consent        boolean NOT NULL,
  consent_id          uuid,
  epoch               integer NOT NULL DEFAULT 1,
  xact                xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, accessed_at, id)
) PARTITION BY RANGE (accessed_at);
CREATE INDEX data_access_logs_audit   ON data_access_logs (tenant_id, audit_log_id);
CREATE INDEX data_access_logs_subject ON data_access_logs (tenant_id, subject_index, accessed_at DESC) WHERE subject_index IS NOT NULL;
CREATE INDEX data_access_logs_seal    ON data_access_logs (tenant_id, epoch, xact);

CREATE TABLE security_events (
  tenant_id        uuid NOT NULL DEFAULT current_tenant(),
  detected_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  id               uuid NOT NULL DEFAULT gen_random_uuid(),
  severity         text NOT NULL CHECK (severity IN ('info','low','medium','high','critical')),
  event_category   word NOT NULL,
  description      word NOT NULL,                -- a catalogue entry's name: free text would quote the attacker's input
  details_sealed   sealed,                       -- SEED: event_details in clear
  source_network   ip_prefix,                    -- SEED: source_ip in clear
  source_index     blind_index,                  -- of the whole address: "the same source again"
  detection_method word NOT NULL,
  action_taken     word,
  audit_log_id     uuid,                         -- SEED: arrow from the audit log, but no column for it
  audit_occurred_at timestamptz,
  epoch            integer NOT NULL DEFAULT 1,
  xact             xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, detected_at, id)
) PARTITION BY RANGE (detected_at);
CREATE INDEX security_events_severity ON security_events (tenant_id, severity, detected_at DESC);
CREATE INDEX security_events_source   ON security_events (tenant_id, source_index, detected_at DESC) WHERE source_index IS NOT NULL;
CREATE INDEX security_events_seal     ON security_events (tenant_id, epoch, xact);

CREATE TABLE compliance_records (
  tenant_id   uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  regulation  text NOT NULL,
  requirement text NOT NULL,
  status      text NOT NULL CHECK (status IN ('compliant','partial','non_compliant','not_assessed')),
  evidence    jsonb NOT NULL DEFAULT '[]',       -- references: test run, drill with its times, range of seals
  assessed_at timestamptz,
  assessed_by uuid,
  next_review timestamptz,
  updated_at timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, regulation, requirement)
);
