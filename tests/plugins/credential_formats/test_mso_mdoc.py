"""mso_mdoc as a format: issued, held, verified; bound to a request; what is refused."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.credential_formats.mso_mdoc import MsoMdoc
from protocols.cose.cbor import Tag, encode
from protocols.encoding import b64url, parse_b64url
from protocols.errors import ProtocolError
from protocols.mdoc import InvalidDeviceAuthentication, InvalidMdoc, to_cbor, to_json
from protocols.ports import Binding, StatusReference, VerifiedCredential
from tests.documents import BINDING, CLAIMS, NAMESPACE, NOW, SCHEMA, Country, Key

API = Binding("ignored", "nonce", origin="https://verifier.example")


@pytest.fixture(scope="module")
def country() -> Country:
    return Country()


@pytest.fixture(scope="module")
def response(country: Country) -> str:
    return country.present(country.issue())


def verify(country: Country, response: str, binding: Binding = BINDING, **changes: Any) -> VerifiedCredential:
    opened = country.format.open(response)
    now = changes.get("now", NOW)
    verified = country.format.verify(opened, country.signer.jwk, "ES256", now, 60)
    assert verified.holder is not None
    country.format.verify_binding(opened, verified.holder.value, binding, now)
    return verified


def test_what_is_issued_is_held_and_verified(country: Country, response: str) -> None:
    verified = verify(country, response)
    shown = verified.claims[NAMESPACE]
    assert {name: value for name, value in shown.items() if name != "portrait"} == {
        name: value for name, value in CLAIMS[NAMESPACE].items() if name != "portrait"
    }
    assert shown["portrait"] == "AAEC"
    assert verified.status == StatusReference("token_status_list", "https://issuer.example/lists/1", 7)
    assert verified.issued_at == NOW
    assert verified.issuer == "CN=Test IACA,C=DE"


def test_a_status_that_nobody_reads_here_is_kept_and_so_refused(country: Country) -> None:
    found = country.format._status({"identifier_list": {"id": b"\x01", "uri": "https://issuer.example/ids/1"}})
    assert found == StatusReference("unknown", "", 0)


def test_only_what_was_chosen_is_shown(country: Country) -> None:
    verified = verify(country, country.present(country.issue(), "age_over_18"))
    assert verified.claims == {NAMESPACE: {"age_over_18": True}}
    with pytest.raises(InvalidMdoc):
        country.present(country.issue(), "unknown")


@pytest.mark.parametrize("thumbprint", [None, bytes(32)])
def test_presentations_are_of_their_session(country: Country, thumbprint: bytes | None) -> None:
    credential = country.issue()
    for binding in (
        replace(BINDING, encryption_key_thumbprint=thumbprint),
        replace(API, encryption_key_thumbprint=thumbprint),
    ):
        verify(country, country.present(credential, binding=binding), binding)


D5 = [
    replace(BINDING, audience="x509_hash:other"),
    replace(BINDING, nonce="other"),
    replace(BINDING, response_uri="https://other.example/response"),
    replace(BINDING, response_uri=None),
    replace(BINDING, encryption_key_thumbprint=bytes(32)),
    replace(BINDING, origin="https://verifier.example"),
    replace(BINDING, transaction_data=("e30",)),
]


@pytest.mark.parametrize("binding", D5)
def test_d5_another_session_is_refused(country: Country, response: str, binding: Binding) -> None:
    with pytest.raises(InvalidDeviceAuthentication):
        verify(country, response, binding)


@pytest.mark.parametrize("change", [{"origin": "https://other.example"}, {"nonce": "other"},
                                    {"encryption_key_thumbprint": bytes(32)}])  # fmt: skip
def test_d5_another_origin_is_refused(country: Country, change: Any) -> None:
    presented = country.present(country.issue(), binding=API)
    with pytest.raises(InvalidDeviceAuthentication):
        verify(country, presented, replace(API, **change))


def test_d5_another_device_is_refused(country: Country) -> None:
    credential = country.issue(holder=Key().jwk)
    with pytest.raises(InvalidDeviceAuthentication):
        verify(country, country.present(credential))


@pytest.mark.parametrize("days", [-1, 31])
def test_validity_is_of_the_moment(country: Country, response: str, days: int) -> None:
    with pytest.raises(InvalidMdoc):
        verify(country, response, now=NOW + timedelta(days=days))


def test_a_document_ends_with_its_signer(country: Country) -> None:
    verified = verify(country, country.present(country.issue(expires_at=NOW + timedelta(days=4000))))
    assert verified.expires_at == country.begins + timedelta(days=country.signer_days)


@pytest.mark.parametrize("changes", [{"holder": None}, {"x5c": ()}, {"expires_at": None}, {"claims": {}},
                                     {"claims": {NAMESPACE: {}}}, {"claims": {"family_name": "flat"}},
                                     {"claims": {NAMESPACE: {"issuing_country": "AT"}}},
                                     {"claims": {NAMESPACE: {"portrait": "not base64!"}}},
                                     {"algorithm": "PS256"}])  # fmt: skip
def test_what_cannot_be_a_document_is_not_issued(country: Country, changes: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        country.issue(**changes)


def changed(response: str, change: Callable[[dict[str, Any]], None]) -> str:
    found = cbor2.loads(parse_b64url(response))
    change(found["documents"][0])
    return b64url(cbor2.dumps(found))


def resigned(country: Country, **members: Any) -> str:
    """A document whose security object says something else, signed all the same."""

    def change(document: dict[str, Any]) -> None:
        auth = document["issuerSigned"]["issuerAuth"]
        mso = cbor2.loads(cbor2.loads(auth[2]).value, semantic_decoders={0: lambda value, _: cbor2.CBORTag(0, value)})
        mso = {name: value for name, value in (mso | members).items() if value is not ...}
        auth[2] = cbor2.dumps(cbor2.CBORTag(24, cbor2.dumps(mso)))
        auth[3] = country.signer.sign(cbor2.dumps(["Signature1", auth[0], b"", auth[2]]))

    return changed(country.present(country.issue()), change)


def tdate(text: str) -> Any:
    return cbor2.CBORTag(0, text)


VALID = {"signed": tdate("2020-01-01T00:00:00Z"), "validFrom": tdate("2020-01-01T00:00:00Z")}
MSO: dict[str, dict[str, Any]] = {
    "another docType": {"docType": "org.iso.18013.5.1.other"},
    "no docType": {"docType": ...},
    "version 2": {"version": "2.0"},
    "SHA-1": {"digestAlgorithm": "SHA-1"},
    "another digest": {"digestAlgorithm": "SHA-512"},
    "no digests": {"valueDigests": {}},
    "digests as a list": {"valueDigests": {NAMESPACE: []}},
    "a float digest id": {"valueDigests": {NAMESPACE: {0.0: b""}}},
    "no device key": {"deviceKeyInfo": {}},
    "a device key off its curve": {"deviceKeyInfo": {"deviceKey": {1: 2, -1: 1, -2: bytes(32), -3: bytes(32)}}},
    "authorizations of the wrong kind": {"deviceKeyInfo": {"deviceKey": {}, "keyAuthorizations": []}},
    "no validity": {"validityInfo": ...},
    "validity in numbers": {"validityInfo": {"signed": 1, "validFrom": 2, "validUntil": 3}},
    "validity without a zone": {"validityInfo": {**VALID, "validUntil": tdate("2040-01-01T00:00:00")}},
    "a date for a time": {"validityInfo": {**VALID, "validUntil": tdate("2040-01-01")}},
    "an end before the beginning": {"validityInfo": {**VALID, "validUntil": tdate("2019-01-01T00:00:00Z")}},
    "ended": {"validityInfo": {**VALID, "validUntil": tdate("2021-01-01T00:00:00Z")}},
    "status as text": {"status": "valid"},
}


@pytest.mark.parametrize("name", MSO)
def test_e8_a_security_object_that_does_not_hold_is_refused(country: Country, name: str) -> None:
    with pytest.raises(ProtocolError):
        verify(country, resigned(country, **MSO[name]))


def test_a_security_object_resigned_as_it_was_still_holds(country: Country) -> None:
    verify(country, resigned(country))


def test_a_status_of_a_kind_that_nobody_reads_is_kept_as_unreadable(country: Country) -> None:
    status = {"identifier_list": {"id": b"\x01", "uri": "https://issuer.example/identifiers"}}
    verified = verify(country, resigned(country, status=status))
    assert verified.status is not None
    assert verified.status.mechanism == "unknown"


def lengthened(response: str) -> str:
    """One item's length written with two octets more than it takes: the same content, other bytes."""
    raw = parse_b64url(response)
    start = raw.index(b"\xd8\x18\x58")
    return b64url(raw[: start + 2] + b"\x59\x00" + raw[start + 3 :])


def test_e8_a_tag_24_item_whose_length_was_written_again_is_refused(country: Country, response: str) -> None:
    with pytest.raises(InvalidMdoc, match="shortest"):
        verify(country, lengthened(response))


def _alg_outside(document: dict[str, Any]) -> None:
    document["issuerSigned"]["issuerAuth"][1] = {**document["issuerSigned"]["issuerAuth"][1], 1: -7}


def _alg_moved(document: dict[str, Any]) -> None:
    auth = document["issuerSigned"]["issuerAuth"]
    auth[0], auth[1] = b"", {**auth[1], 1: -7}


def _x5chain_twice(document: dict[str, Any]) -> None:
    auth = document["issuerSigned"]["issuerAuth"]
    auth[0] = cbor2.dumps({1: -7, 33: auth[1][33]})


def _device_alg_outside(document: dict[str, Any]) -> None:
    signature = document["deviceSigned"]["deviceAuth"]["deviceSignature"]
    signature[0], signature[1] = b"", {1: -7}


@pytest.mark.parametrize("change", [_alg_outside, _alg_moved, _x5chain_twice, _device_alg_outside])
def test_e10_an_algorithm_outside_the_protected_header_or_a_chain_in_both_is_refused(
    country: Country, response: str, change: Callable[[dict[str, Any]], None]
) -> None:
    with pytest.raises(ProtocolError):
        verify(country, changed(response, change))


def test_e10_an_algorithm_that_does_not_fit_the_key_is_refused(country: Country, response: str) -> None:
    def change(document: dict[str, Any]) -> None:
        document["issuerSigned"]["issuerAuth"][0] = cbor2.dumps({1: -35})

    with pytest.raises(ProtocolError):
        verify(country, changed(response, change))


@pytest.mark.parametrize(
    "bomb", ["9f" * 10, "81" * 5000 + "01", "a201020103", "9b7fffffffffffffff", "a1f93c0001", "0101"]
)
def test_e9_a_response_that_is_no_bounded_cbor_is_refused(bomb: str) -> None:
    country = Country()
    before = time.process_time()
    with pytest.raises(ProtocolError):
        country.format.open(b64url(bytes.fromhex(bomb)))
    assert time.process_time() - before < 1


@pytest.mark.parametrize("presentation", [None, 1, b"bytes", "", "not base64url!", {}, "A" * 3_000_000])
def test_what_is_no_base64url_text_is_refused(country: Country, presentation: Any) -> None:
    with pytest.raises(ProtocolError):
        country.format.open(presentation)


def test_values_go_into_cbor_by_their_schema_and_back() -> None:
    made = to_cbor(CLAIMS, SCHEMA)[NAMESPACE]
    assert made["birth_date"] == Tag(1004, "1964-08-12")
    assert made["portrait_capture_date"] == Tag(0, "2024-01-01T00:00:00Z")
    assert made["portrait"] == b"\x00\x01\x02"
    assert made["driving_privileges"][0]["issue_date"] == Tag(1004, "1982-09-01")
    assert to_json(made) == CLAIMS[NAMESPACE]


@pytest.mark.parametrize(("value", "shown"), [(2**64 - 1, 2**64 - 1), (-(2**64), str(-(2**64))), (float("nan"), None),
                                              (Tag(22, b"\xff"), "/w=="), (Tag(23, b"\xff"), "ff"), ({1: 2}, {"1": 2}),
                                              (cbor2.undefined, None), (cbor2.CBORSimpleValue(99), None)])  # fmt: skip
def test_whatever_cbor_holds_becomes_json(value: Any, shown: Any) -> None:
    assert to_json(value) == shown


def spoil(data: bytes, draw: Callable[..., Any]) -> bytes:
    """One to four octets changed, put in or taken out."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1))
        data = data[:at] + draw(st.binary(max_size=3)) + data[at + draw(st.integers(0, 3)) :]
    return data


def fuzz(country: Country, examples: int) -> None:
    """Spoiled responses: refused with an error of ours, or verified with what was signed and nothing else."""
    original = parse_b64url(country.present(country.issue()))
    signed = verify(country, b64url(original)).claims

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def run(data: st.DataObject) -> None:
        spoiled = spoil(original, data.draw)
        with suppress(ProtocolError):
            claims = verify(country, b64url(spoiled)).claims
            assert all(claims[name].items() <= signed[name].items() for name in claims)

    run()


def test_e9_spoiled_responses_are_refused_or_say_what_was_signed(country: Country) -> None:
    fuzz(country, 300)


@pytest.mark.nightly
def test_e9_spoiled_responses_for_ten_minutes(country: Country) -> None:
    end = time.monotonic() + 600
    while time.monotonic() < end:
        fuzz(country, 500)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_e9_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        MsoMdoc.open(_FORMAT, b64url(data))
        pytest.fail(os.fspath(b64url(data)))


_FORMAT = Country().format


def test_nothing_of_a_claim_is_in_an_error(country: Country, response: str) -> None:
    def change(document: dict[str, Any]) -> None:
        items = document["issuerSigned"]["nameSpaces"][NAMESPACE]
        item = cbor2.loads(items[0].value)
        items[0] = cbor2.CBORTag(24, encode({**item, "elementValue": "SECRET"}))

    with pytest.raises(InvalidMdoc) as refused:
        verify(country, changed(response, change))
    assert "SECRET" not in str(refused.value)
