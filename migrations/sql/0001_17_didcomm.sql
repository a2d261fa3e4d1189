-- ------------------------------------------------------------------ DIDComm
CREATE TABLE connections (
  tenant_id    uuid NOT NULL DEFAULT current_tenant() REFERENCES tenants(id),
  id           uuid NOT NULL DEFAULT gen_random_uuid(),
  wallet_id    uuid,                             -- NULL = the tenant's own
  our_did_id   uuid,
  their_did_sealed sealed,
  their_did_index  blind_index,
  their_label_sealed sealed,
  protocol     word NOT NULL,                    -- the identifier of the protocol that made it
  didcomm_version smallint NOT NULL CHECK (didcomm_version IN (1, 2)),
  state        text NOT NULL CHECK (state IN ('invited','requested','responded','completed','rotating','abandoned')),
  invitation_hash digest256,
  invitation_sealed sealed,
  multi_use    boolean NOT NULL DEFAULT false,
  policy       jsonb NOT NULL DEFAULT '{}',      -- auto-accept, goal codes, limits
  tags         text[] NOT NULL DEFAULT '{}',
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  updated_at   timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, wallet_id) REFERENCES wallets (tenant_id, id),
  FOREIGN KEY (tenant_id, our_did_id) REFERENCES dids (tenant_id, id),
  CHECK ((their_did_sealed IS NULL) = (their_did_index IS NULL))
);
CREATE UNIQUE INDEX connections_pair ON connections (tenant_id, our_did_id, their_did_index) WHERE their_did_index IS NOT NULL;
CREATE INDEX connections_their_did ON connections (tenant_id, their_did_index) WHERE their_did_index IS NOT NULL;
CREATE INDEX connections_invitation ON connections (tenant_id, invitation_hash) WHERE invitation_hash IS NOT NULL;
CREATE INDEX connections_wallet ON connections (tenant_id, wallet_id);

CREATE TABLE threads (                           -- one run of one protocol
  tenant_id     uuid NOT NULL DEFAULT current_tenant(),
  id            uuid NOT NULL DEFAULT gen_random_uuid(),
  connection_id uuid,
  thread_hash   digest256 NOT NULL,              -- of thid with the sender: chosen by the peer, so no name of ours
  thid_sealed   sealed NOT NULL,
  parent_hash   digest256,                       -- pthid
  protocol      word NOT NULL,                   -- https://didcomm.org/issue-credential/3.0
  role          word NOT NULL,
  state         word NOT NULL,                   -- the protocol's own states: plugins bring them
  data_sealed   sealed,
  issuance_id   uuid,
  request_id    uuid,
  created_at    timestamptz NOT NULL DEFAULT now(),
  closed_at     timestamptz,
  expires_at    timestamptz,
  updated_at    timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, thread_hash, protocol),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, issuance_id) REFERENCES issuances (tenant_id, id) ON DELETE SET NULL (issuance_id),
  FOREIGN KEY (tenant_id, request_id) REFERENCES presentation_requests (tenant_id, id) ON DELETE SET NULL (request_id)
);
CREATE INDEX threads_connection ON threads (tenant_id, connection_id, updated_at DESC);
CREATE INDEX threads_issuance ON threads (tenant_id, issuance_id) WHERE issuance_id IS NOT NULL;
CREATE INDEX threads_request ON threads (tenant_id, request_id) WHERE request_id IS NOT NULL;

CREATE TABLE messages (                          -- the conversation as its owner sees it
  tenant_id     uuid NOT NULL DEFAULT current_tenant(),
  id            uuid NOT NULL DEFAULT gen_random_uuid(),
  thread_id     uuid NOT NULL,
  direction     text NOT NULL CHECK (direction IN ('in','out')),
  message_hash  digest256 NOT NULL,              -- of the message's id with the sender: handled exactly once
  type          text NOT NULL CHECK (octet_length(type) <= 512),
  state         text NOT NULL CHECK (state IN ('received','handled','queued','sent','acknowledged','failed')),
  body_sealed   sealed,
  sent_at       timestamptz,
  created_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, message_hash),
  FOREIGN KEY (tenant_id, thread_id) REFERENCES threads (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX messages_thread ON messages (tenant_id, thread_id, created_at);

CREATE TABLE mediations (                        -- granted by us, or to us
  tenant_id     uuid NOT NULL DEFAULT current_tenant(),
  id            uuid NOT NULL DEFAULT gen_random_uuid(),
  connection_id uuid NOT NULL,
  role          text NOT NULL CHECK (role IN ('mediator','recipient')),
  state         text NOT NULL CHECK (state IN ('requested','granted','denied','ended')),
  endpoint      text,
  routing_dids  text[] NOT NULL DEFAULT '{}',
  queue_limit   integer NOT NULL DEFAULT 1000 CHECK (queue_limit > 0),
  live_until    timestamptz,                     -- live delivery: the process that holds the socket renews it
  live_at       text,
  created_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now(), row_version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, connection_id, role),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
CREATE TABLE mediation_keys (                    -- keylist: for whom a mediator forwards
  tenant_id    uuid NOT NULL DEFAULT current_tenant(),
  recipient_index blind_index NOT NULL,          -- DID or key in its canonical spelling
  mediation_id uuid NOT NULL,
  recipient_sealed sealed NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, recipient_index),
  FOREIGN KEY (tenant_id, mediation_id) REFERENCES mediations (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX mediation_keys_mediation ON mediation_keys (tenant_id, mediation_id);
CREATE TABLE message_queue (                     -- held for pickup; deleted on messages-received, never on delivery
  tenant_id    uuid NOT NULL DEFAULT current_tenant(),
  id           uuid NOT NULL DEFAULT gen_random_uuid(),   -- UUIDv7: the order of arrival
  mediation_id uuid NOT NULL,
  recipient_index blind_index NOT NULL,
  envelope     bytea NOT NULL,                   -- ciphertext that is not for us
  sender_index blind_index,                      -- limits per sender, where one is known
  received_at  timestamptz NOT NULL DEFAULT now(),
  delivered_at timestamptz,
  expires_at   timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, mediation_id, id),
  FOREIGN KEY (tenant_id, mediation_id) REFERENCES mediations (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX message_queue_recipient ON message_queue (tenant_id, recipient_index, id);
CREATE INDEX message_queue_expiry ON message_queue (expires_at);
