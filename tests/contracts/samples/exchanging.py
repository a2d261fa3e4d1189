"""Credential formats of two steps."""

from agent.contracts import credential_exchanges

SAMPLES = {"credential_exchanges": {"anoncreds": credential_exchanges.Sample}}
