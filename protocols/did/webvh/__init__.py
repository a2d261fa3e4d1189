"""did:webvh 1.0: identifiers, parameters, log entries with their proofs, witnesses; both sides, pure."""

from protocols.did import InvalidDid


class InvalidLog(InvalidDid):
    """The DID's log cannot be verified."""
