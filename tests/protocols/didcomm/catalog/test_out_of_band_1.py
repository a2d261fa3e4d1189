"""Invitations of version 1 in the forms that are still about."""

import json
from typing import Any

import pytest

from protocols.didcomm.catalog import out_of_band_1
from protocols.didcomm.catalog.out_of_band import InvalidInvitation
from protocols.encoding import b64url

KEY = "8HH5gYEeNc3z7PYXmd54d4x6qAfCNrqQqEB3nS7Zfu7K"
WHERE = {"recipientKeys": [KEY], "routingKeys": [], "serviceEndpoint": "https://inviter.example/didcomm"}
REQUEST = {"@type": "https://didcomm.org/present-proof/2.0/request-presentation", "@id": "r1", "formats": []}


def parsed(parameter: str, message: Any) -> out_of_band_1.Invitation:
    return out_of_band_1.parse_url(f"https://inviter.example/?{parameter}={b64url(json.dumps(message).encode())}")


def test_an_invitation_of_connections_is_read() -> None:
    old = {
        "@type": "did:sov:BzCbsNYhMrjHiqZDTUASHg;spec/connections/1.0/invitation",
        "@id": "i1",
        "label": "Old",
        **WHERE,
    }
    found = parsed("c_i", old)
    assert (found.id, found.label, found.handshake_protocols) == ("i1", "Old", (out_of_band_1.CONNECTIONS,))
    (service,) = found.services
    assert (service.recipient_keys, service.endpoint) == ((KEY,), WHERE["serviceEndpoint"])


@pytest.mark.parametrize("parameter", ["d_m", "oob"])
def test_a_message_that_says_where_to_answer_is_an_invitation_with_a_request(parameter: str) -> None:
    found = parsed(parameter, {**REQUEST, "~service": WHERE})
    assert (found.id, found.handshake_protocols) == ("r1", ())
    (service,) = found.services
    assert (service.recipient_keys, service.endpoint) == ((KEY,), WHERE["serviceEndpoint"])
    # Its own words come along, and the decorator, which was for us, does not.
    assert found.requests == (REQUEST,)


@pytest.mark.parametrize("where", [{}, [], {**WHERE, "recipientKeys": []}, {"recipientKeys": [KEY]}])
def test_a_message_that_says_it_wrongly_is_refused(where: Any) -> None:
    with pytest.raises(InvalidInvitation):
        parsed("d_m", {**REQUEST, "~service": where})


def test_a_message_that_does_not_say_where_is_no_invitation() -> None:
    with pytest.raises(InvalidInvitation):
        parsed("d_m", REQUEST)
