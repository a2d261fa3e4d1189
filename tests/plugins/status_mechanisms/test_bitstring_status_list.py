"""Bitstring Status List: published and derived lists, and every way in which one is none."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plugins.status_mechanisms.bitstring_status_list import BitstringStatusList
from protocols.encoding import b64url, parse_json_object
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jws, jwt
from protocols.ports import PluginTools, StatusList
from protocols.status_list import InvalidStatusList
from tests.integrity import SigningKey

NOW = datetime(2026, 6, 1, tzinfo=UTC)
URI = "https://issuer.example/t/a/status-lists/2"
_nothing: Any = None
mechanism = BitstringStatusList(PluginTools({}, _nothing, _nothing))


def test_the_published_list_and_the_derived_ones(vectors: Callable[[str], Any]) -> None:
    read = vectors("bitstring-status-list/vectors.json")
    assert mechanism.decode(read["published"]["encodedList"]) == bytes(16_384)
    for one in read["vectors"]:
        packed = mechanism.decode(one["encodedList"])
        assert packed[:4].hex() == one["first_bytes_hex"]
        status = StatusList(URI, one["statusSize"], packed, NOW)
        assert len(packed) * 8 // one["statusSize"] == one["entries"]
        for index, value in one["statuses"].items():
            assert mechanism.read(status, int(index)) == value
        assert mechanism.read(status, 5) == one["statuses"].get("5", 0)


def test_what_is_no_list_is_refused(vectors: Callable[[str], Any]) -> None:
    cases = {one["id"]: one for one in vectors("bitstring-status-list/vectors.json")["negative"]}
    encoded = [one for one in cases.values() if "encodedList" in one and "entry_purpose" not in one]
    assert encoded
    for one in encoded:
        with pytest.raises(ProtocolError):
            mechanism.read(StatusList(URI, 1, mechanism.decode(one["encodedList"]), NOW), one.get("index", 0))
    bomb = "u" + b64url(gzip.compress(bytes(64 * 1024 * 1024), 9))
    for text in (bomb, "u", "z" + read_ok(vectors)[1:], 5, None):
        with pytest.raises(ProtocolError):
            mechanism.decode(text)


def read_ok(vectors: Callable[[str], Any]) -> str:
    return str(vectors("bitstring-status-list/vectors.json")["published"]["encodedList"])


def test_places_of_every_size_are_read_from_the_left() -> None:
    packed = bytes.fromhex("b5c3") + bytes(16_382)
    for bits in range(1, 9):
        status = StatusList(URI, bits, packed, NOW)
        text = bin(int.from_bytes(packed[:4], "big"))[2:]
        for index in range(3):
            assert mechanism.read(status, index) == int(text[index * bits : (index + 1) * bits], 2)
        with pytest.raises(InvalidStatusList):
            mechanism.read(status, 131_072 // bits + 1)


ENTRY = {
    "type": "BitstringStatusListEntry",
    "statusPurpose": "revocation",
    "statusListIndex": "94567",
    "statusListCredential": URI,
}
MESSAGES = [{"status": f"0x{number}", "message": "m"} for number in range(4)]


def test_an_entry_is_read() -> None:
    assert mechanism.reference(ENTRY).index == 94_567
    sized = mechanism.reference({**ENTRY, "statusPurpose": "message", "statusSize": 2, "statusMessage": MESSAGES})
    assert (sized.bits, sized.purpose) == (2, "message")


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "StatusList2021Entry"},
        {"statusListIndex": 94_567},
        {"statusListIndex": "-1"},
        {"statusListIndex": "00"},
        {"statusListIndex": "1e3"},
        {"statusListIndex": "99999999999"},
        {"statusListCredential": None},
        {"statusPurpose": None},
        {"statusSize": 0},
        {"statusSize": True},
        {"statusSize": 2},
        {"statusSize": 2, "statusMessage": MESSAGES[:3]},
        {"statusPurpose": "message"},
    ],
)
def test_an_entry_that_says_too_little_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        mechanism.reference({**ENTRY, **changes})


def token(key: SigningKey, **changes: Any) -> bytes:
    content = StatusList(URI, 1, bytes(16_384), NOW, NOW + timedelta(days=1), 300)
    prepared = mechanism.prepare(content, key.algorithm, (), key.method)
    if not changes:
        return mechanism.seal(prepared, key.sign(prepared.payload))
    payload = parse_json_object(jws.parse(prepared.payload.decode() + ".AA").payload)
    subject = changes.pop("subject", {})
    payload = {**payload, **changes, "credentialSubject": {**payload["credentialSubject"], **subject}}
    header = changes.pop("header", {"alg": key.algorithm, "typ": "vc+jwt", "kid": key.method})
    payload.pop("header", None)
    signing_input = jwt.render(header, payload)
    return jws.seal(signing_input, key.sign(signing_input)).encode()


def test_a_list_names_its_issuer_its_purpose_and_its_end() -> None:
    key = SigningKey("EdDSA")
    opened = mechanism.open(token(key), URI, NOW)
    assert (opened.signer.kind, opened.signer.issuer) == ("did_url", key.did)
    assert opened.content.purposes == ("revocation",)
    assert replace(opened.content, packed=b"") == StatusList(
        URI, 1, b"", NOW, NOW + timedelta(days=1), 300, purposes=("revocation",)
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"id": URI + "0"},
        {"type": ["VerifiableCredential"]},
        {"validUntil": "2020-01-01T00:00:00Z"},
        {"validFrom": "2090-01-01T00:00:00Z"},
        {"exp": 1},
        {"vc": {}},
        {"subject": {"type": "StatusList2021"}},
        {"subject": {"encodedList": "H4sI"}},
        {"subject": {"statusPurpose": []}},
        {"subject": {"ttl": -1}},
        {"header": {"alg": "EdDSA", "typ": "JWT", "kid": "x"}},
    ],
)
def test_a_list_of_another_form_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidStatusList):
        mechanism.open(token(SigningKey("EdDSA"), **changes), URI, NOW)
