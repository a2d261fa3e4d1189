"""The challenge endpoint of attestation-based client authentication (section "Challenge Endpoint")."""

from protocols.http import NO_STORE, Call, Reply, json_reply


def parse(_call: Call) -> None:
    """A POST without parameters."""


def render(challenge: str) -> Reply:
    """The answer: one fresh challenge."""
    return json_reply({"attestation_challenge": challenge}, headers=NO_STORE)
