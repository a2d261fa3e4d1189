-- ---------------------------------------------------------------- plumbing
-- Events leave with the transaction that made them.  No foreign key to tenants: each
-- transaction of a tenant would lock that one row.
CREATE TABLE outbox (
  id         bigint GENERATED ALWAYS AS IDENTITY,
  tenant_id  uuid NOT NULL DEFAULT current_tenant(),
  topic      word NOT NULL,
  key        text,
  payload    jsonb NOT NULL,                     -- ids, not personal data
  created_at timestamptz NOT NULL DEFAULT now(),
  available_at timestamptz NOT NULL DEFAULT now(),
  attempts   smallint NOT NULL DEFAULT 0,
  xact       xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX outbox_order ON outbox (xact, id);

CREATE TABLE idempotency_keys (
  tenant_id    uuid NOT NULL DEFAULT current_tenant(),
  key_hash     digest256 NOT NULL,               -- with the caller's identity and the route
  request_hash digest256 NOT NULL,
  status_code  smallint,
  response_sealed sealed,
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key_hash)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);
