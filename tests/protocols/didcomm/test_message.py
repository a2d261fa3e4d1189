import json

import pytest

from protocols.didcomm import message
from protocols.didcomm.message import Message, MessageType
from protocols.errors import ProtocolError

PING = {"id": "1", "type": "https://didcomm.org/trust-ping/2.0/ping", "body": {"response_requested": True}}


def read(**changes: object) -> Message:
    return message.parse(json.dumps({**PING, **changes}).encode())


def test_a_message_survives_the_wire() -> None:
    whole = Message(
        "1",
        PING["type"],
        {"a": [1]},
        "did:example:alice",
        ("did:example:bob",),
        "2",
        "3",
        4,
        5,
        "a.b.c",
        ({"id": "x", "data": {"json": {}}},),
        {"return_route": "all"},
    )
    assert message.parse(message.render(whole)) == whole
    assert (whole.thread, whole.protocol, whole.name) == ("2", "https://didcomm.org/trust-ping/2.0", "ping")


def test_a_message_is_its_own_thread_when_it_names_none() -> None:
    assert read().thread == "1"


def test_a_message_type_comes_apart() -> None:
    assert message.parse_type(PING["type"]) == MessageType("https://didcomm.org/trust-ping", 2, 0, "ping")


@pytest.mark.parametrize(
    "type_", ["", "ping", "https://didcomm.org/trust-ping/ping", "a/2/ping", "a/2.0/", "a b/2.0/ping"]
)
def test_what_is_no_message_type_is_refused(type_: str) -> None:
    with pytest.raises(ProtocolError):
        read(type=type_)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": 1},
        {"id": "a b"},
        {"id": "x" * 256},
        {"thid": {}},
        {"pthid": "\n"},
        {"from": "alice"},
        {"from": "did:example:alice#key-1"},
        {"to": "did:example:bob"},
        {"to": [1]},
        {"to": ["did:example:bob#key-1"]},
        {"to": ["did:example:bob"] * 65},
        {"created_time": "2026-01-01"},
        {"created_time": True},
        {"expires_time": -1},
        {"expires_time": 1e400},
        {"from_prior": {}},
        {"body": []},
        {"attachments": [{"data": {"jws": {}}}]},
        {"attachments": [{"data": {"json": 1}}] * 101},
    ],
)
def test_a_header_of_another_form_is_refused(changes: dict) -> None:
    with pytest.raises(ProtocolError):
        read(**changes)
