"""Credentials over DIDComm: the issuing, holding and verifying operations, with attachments as their messages."""
