"""DIDComm v1: the envelope of RFC 0019, plaintext messages with decorators, and what belongs to no protocol."""
