-- ------------------------------------------------------------------ status
-- SEED: issuer_id in the class, anchor in the arrow: either.  One row is one list or
-- register of any kind: statuslist+jwt, statuslist+cwt, BitstringStatusListCredential,
-- identifierlist+cwt, a CRL, an accumulator.
CREATE TABLE revocation_registries (
  tenant_id    uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id           uuid NOT NULL DEFAULT gen_random_uuid(),
  issuer_id    uuid,
  anchor_id    uuid,
  registry_url text NOT NULL CHECK (octet_length(registry_url) <= 2048),
  type         word NOT NULL,
  purpose      word NOT NULL DEFAULT 'revocation',       -- revocation, suspension, message, refresh, ...
  bits         smallint NOT NULL DEFAULT 1 CHECK (bits IN (1, 2, 4, 8)),
  messages     jsonb NOT NULL DEFAULT '[]',              -- statusMessage of a Bitstring list
  state        text NOT NULL DEFAULT 'open' CHECK (state IN ('open','full','retired')),
  max_entries  bigint NOT NULL CHECK (max_entries > 0),
  -- how many places have been handed out, in whole blocks
  current_index bigint NOT NULL DEFAULT 0,
  block_size   integer NOT NULL DEFAULT 256 CHECK (block_size > 0),
  shard_bytes  integer NOT NULL DEFAULT 1024 CHECK (shard_bytes BETWEEN 128 AND 8192),
  -- Place n is entry p(n), p a permutation of 0..max_entries-1 keyed with this
  -- (a Feistel network, walking the cycle): neighbours in time are strangers in the list.
  permutation_sealed sealed,
  accumulator  jsonb,
  ttl          interval NOT NULL DEFAULT '10 minutes',
  published_version bigint NOT NULL DEFAULT 0,           -- sum of the shards' versions when last signed
  published_at timestamptz,
  created_at   timestamptz NOT NULL DEFAULT now(),
  updated_at   timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, registry_url),
  FOREIGN KEY (tenant_id, issuer_id) REFERENCES issuers (tenant_id, id),
  FOREIGN KEY (tenant_id, anchor_id) REFERENCES trust_anchors (tenant_id, id),
  CHECK (num_nonnulls(issuer_id, anchor_id) = 1),
  CHECK (current_index BETWEEN 0 AND max_entries)
) WITH (fillfactor = 70);
CREATE INDEX revocation_registries_issuer ON revocation_registries (tenant_id, issuer_id, state);

-- The bits, in rows small enough to stay inside their page: a change is one UPDATE by
-- primary key of one kilobyte (HOT), and two changes rarely meet in one row.  A list is
--   string_agg(bits, '' ORDER BY shard_no)
-- of a thousand short rows at most.  The whole list in one row would be rewritten, and
-- logged, for every change.  Bit order within a byte is the mechanism's.
CREATE TABLE status_list_shards (
  tenant_id   uuid NOT NULL DEFAULT current_tenant(),
  registry_id uuid NOT NULL,
  shard_no    integer NOT NULL CHECK (shard_no >= 0),
  bits        bytea NOT NULL CHECK (octet_length(bits) BETWEEN 128 AND 8192),
  version     bigint NOT NULL DEFAULT 0,
  changed_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, registry_id, shard_no),
  FOREIGN KEY (tenant_id, registry_id) REFERENCES revocation_registries (tenant_id, id)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE status_list_shards ALTER COLUMN bits SET STORAGE MAIN;

-- Places are handed out in blocks, one short UPDATE of current_index for hundreds of
-- credentials; a process spends its block from memory.  A block lost in a crash stays
-- lost: no place is ever handed out twice.  Decoy blocks belong to the publisher, which
-- sets and clears their entries at random so that the number of revoked credentials does
-- not show.
CREATE TABLE status_list_blocks (
  tenant_id   uuid NOT NULL DEFAULT current_tenant(),
  registry_id uuid NOT NULL,
  block_no    bigint NOT NULL CHECK (block_no >= 0),
  kind        text NOT NULL DEFAULT 'issue' CHECK (kind IN ('issue','decoy')),
  first_place bigint NOT NULL CHECK (first_place >= 0),
  size        integer NOT NULL CHECK (size > 0),
  taken_by    text NOT NULL,                     -- name of the process
  taken_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, registry_id, block_no),
  FOREIGN KEY (tenant_id, registry_id) REFERENCES revocation_registries (tenant_id, id)
);

CREATE TABLE status_list_tokens (                -- what was published, to answer again and to answer ?time=
  tenant_id   uuid NOT NULL DEFAULT current_tenant(),
  registry_id uuid NOT NULL,
  issued_at   timestamptz NOT NULL DEFAULT now(),
  media_type  word NOT NULL,
  version     bigint NOT NULL,
  expires_at  timestamptz,
  token       bytea NOT NULL,
  key_pair_id uuid,
  PRIMARY KEY (tenant_id, registry_id, media_type, issued_at),
  FOREIGN KEY (tenant_id, registry_id) REFERENCES revocation_registries (tenant_id, id),
  FOREIGN KEY (tenant_id, key_pair_id) REFERENCES key_pairs (tenant_id, id)
);
