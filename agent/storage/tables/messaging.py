"""DIDComm connections, threads, messages, mediation."""

from agent.storage.tables.columns import table

connections = table(
    "connections",
    uuid="tenant_id id wallet_id our_did_id own_did_id",
    data="their_did_sealed their_did_index their_label_sealed invitation_hash invitation_sealed data_sealed",
    text="protocol state",
    int2="didcomm_version",
    flag="multi_use",
    json="policy",
    texts="tags",
    time="created_at expires_at updated_at",
    int4="row_version",
)

own_dids = table(
    "own_dids",
    uuid="tenant_id id",
    data="did_sealed keys_sealed",
    time="retired_at created_at",
)

own_did_names = table("own_did_names", uuid="tenant_id own_did_id", data="name_hash")

connection_names = table("connection_names", uuid="tenant_id connection_id", data="name_hash", text="kind")

threads = table(
    "threads",
    uuid="tenant_id id connection_id issuance_id request_id",
    data="thread_hash thid_sealed parent_hash data_sealed",
    text="protocol role state",
    time="created_at closed_at expires_at updated_at",
    int4="row_version",
)

messages = table(
    "messages",
    uuid="tenant_id id thread_id answer_id",
    text="direction type state",
    data="message_hash body_sealed",
    time="sent_at created_at",
)

mediations = table(
    "mediations",
    uuid="tenant_id id connection_id",
    text="role state endpoint live_at",
    texts="routing_dids",
    int4="queue_limit row_version",
    time="live_until created_at updated_at",
)

mediation_keys = table(
    "mediation_keys",
    uuid="tenant_id mediation_id",
    data="recipient_index recipient_sealed",
    time="created_at",
)

message_queue = table(
    "message_queue",
    uuid="tenant_id id mediation_id",
    data="recipient_index envelope sender_index",
    time="received_at delivered_at expires_at",
)
