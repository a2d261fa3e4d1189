"""The suite's own DIDComm: keys, DIDs, both envelopes, and an agent that misbehaves where a check wants it to."""
