-- ------------------------------------------------------------------ events out
CREATE TABLE webhook_endpoints (
  tenant_id   uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id          uuid NOT NULL DEFAULT gen_random_uuid(),
  name        text NOT NULL,
  url         text NOT NULL CHECK (octet_length(url) <= 2048),
  topics      text[] NOT NULL DEFAULT '{}',
  secret_sealed sealed NOT NULL,
  previous_secret_sealed sealed,                 -- both sign while the receiver changes over
  state       text NOT NULL DEFAULT 'active' CHECK (state IN ('active','paused','broken')),
  failures    integer NOT NULL DEFAULT 0,
  delivered_to bigint NOT NULL DEFAULT 0,        -- cursor over events; order is kept per endpoint
  retry_at    timestamptz,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
);
CREATE TABLE events (                            -- what left the outbox, for replay from a cursor and server-sent events
  tenant_id   uuid NOT NULL DEFAULT current_tenant(),
  occurred_at timestamptz NOT NULL DEFAULT now(),
  sequence    bigint NOT NULL,                   -- given by the relay, per tenant, without gaps
  id          uuid NOT NULL,
  type        word NOT NULL,
  subject     text,                              -- a resource's name, no person's
  data        jsonb NOT NULL,                    -- ids and code words
  PRIMARY KEY (tenant_id, occurred_at, sequence)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX events_sequence ON events (tenant_id, sequence);
CREATE TABLE webhook_deliveries (                -- one row an attempt
  tenant_id    uuid NOT NULL DEFAULT current_tenant(),
  attempted_at timestamptz NOT NULL DEFAULT now(),
  id           uuid NOT NULL DEFAULT gen_random_uuid(),
  endpoint_id  uuid NOT NULL,
  event_id     uuid NOT NULL,
  attempt      smallint NOT NULL CHECK (attempt > 0),
  outcome      text NOT NULL CHECK (outcome IN ('delivered','refused','unreachable','timed_out','dead')),
  status_code  smallint,
  milliseconds integer,
  PRIMARY KEY (tenant_id, attempted_at, id),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoints (tenant_id, id) ON DELETE CASCADE
) PARTITION BY RANGE (attempted_at);
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (tenant_id, endpoint_id, attempted_at DESC);

-- SEED: materialised views (7.2, L3) cannot have row security.  Tables, brought forward from
-- the audit log by a watermark over xact: what is counted is exactly what is recorded.
CREATE TABLE daily_rollups (
  tenant_id uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  day       date NOT NULL,
  metric    word NOT NULL,                       -- issued, verified, refused, revoked, messages, ...
  type      text NOT NULL DEFAULT '' CHECK (octet_length(type) <= 1024),
  reason    text NOT NULL DEFAULT '' CHECK (octet_length(reason) <= 128),
  amount    bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, day, metric, type, reason)
) WITH (fillfactor = 80);
CREATE TABLE rollup_watermarks (
  tenant_id  uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  rollup     word NOT NULL,
  epoch      integer NOT NULL,
  up_to_xact xid8 NOT NULL,                      -- exclusive
  moved_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, rollup)
);
