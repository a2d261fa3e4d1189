"""The DIDComm versions that we speak; an envelope is asked to say that it is an old one."""

from agent.operations.messaging.envelope import Envelopes
from agent.operations.messaging.envelope_v1 import EnvelopeV1
from agent.operations.messaging.envelope_v2 import EnvelopeV2
from protocols.errors import Malformed

VERSIONS: dict[int, Envelopes] = {1: EnvelopeV1(), 2: EnvelopeV2()}
MEDIA_TYPES = frozenset(media_type for envelopes in VERSIONS.values() for media_type in envelopes.media_types)


def fitting(octets: bytes) -> Envelopes:
    """The version that the octets look like. Raises Malformed."""
    for envelopes in VERSIONS.values():
        if envelopes.fits(octets):
            return envelopes
    raise Malformed("no envelope that we know")
