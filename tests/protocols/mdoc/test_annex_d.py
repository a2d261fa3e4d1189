"""ISO/IEC 18013-5, annex D, byte for byte, and its mutations."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from protocols import cose, mdoc
from protocols.cose.cbor import decode, embedded
from protocols.cose.sign1 import x5chain
from protocols.errors import ProtocolError
from protocols.jose import jwk
from protocols.mdoc.mso import require_valid
from tests.refusals import MDOC

NOW = datetime(2020, 10, 15, tzinfo=UTC)
NAMESPACE = "org.iso.18013.5.1"


class AnnexD:
    def __init__(self, vectors: Callable[[str], Any]) -> None:
        found = vectors("mdoc/annex-d.json")
        self.hex = {name: bytes.fromhex(text) for name, text in found.items() if name != "encoding"}
        self.expected = vectors("mdoc/annex-d.expected.json")
        self.transcript = embedded(decode(self.hex["session_transcript_bytes"]))

    def key(self, name: str) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(int.from_bytes(self.hex[f"{name}_key_d"]), ec.SECP256R1())

    def secret(self, private: str, public: str) -> bytes:
        return self.key(private).exchange(ec.ECDH(), self.key(public).public_key())

    @property
    def e_mac_key(self) -> bytes:
        secret = self.secret("ephemeral_reader", "static_device")
        return mdoc.session_key(secret, self.transcript, "EMacKey")


@pytest.fixture
def annex_d(vectors: Callable[[str], Any]) -> AnnexD:
    return AnnexD(vectors)


def check(response: bytes, transcript: bytes, e_mac_key: bytes, now: datetime) -> mdoc.Document:
    """Everything of a document but who is trusted."""
    (document,) = mdoc.parse_device_response(response)
    issued = document.issuer_signed
    cose.verify(issued.issuer_auth, jwk.from_certificate(issued.chain[0]), cose.ALGORITHMS)
    mdoc.require_digests(issued)
    require_valid(issued.mso, now, 60)
    mdoc.verify_mac(document, transcript, e_mac_key)
    return document


def test_the_response_verifies_and_says_what_it_should(annex_d: AnnexD) -> None:
    document = check(annex_d.hex["device_response"], annex_d.transcript, annex_d.e_mac_key, NOW)
    mso, expected = document.issuer_signed.mso, annex_d.expected
    assert document.doc_type == expected["docType"]
    assert {
        name: [item.element for item in items] for name, items in document.issuer_signed.namespaces.items()
    } == expected["elements"]
    assert mso.digest == expected["digestAlgorithm"].replace("-", "").lower()
    assert {
        "signed": str(mso.signed),
        "validFrom": str(mso.valid_from),
        "validUntil": str(mso.valid_until),
    } == expected["validityInfo"]
    assert document.issuer_signed.chain == (annex_d.hex["ds_cert"],)
    values = {item.element: item.value for item in document.issuer_signed.namespaces[NAMESPACE]}
    assert values["portrait"] == annex_d.hex["device_response_portrait_data"]
    assert mso.device_key == jwk.from_public_key(annex_d.key("static_device").public_key())


def test_device_authentication_is_byte_for_byte(annex_d: AnnexD) -> None:
    (document,) = mdoc.parse_device_response(annex_d.hex["device_response"])
    made = mdoc.device_authentication(annex_d.transcript, document.doc_type, document.device_namespaces)
    assert made.hex() == annex_d.expected["device_authentication_bytes"]


def test_the_keys_are_byte_for_byte_and_open_the_session(annex_d: AnnexD) -> None:
    secret = annex_d.secret("ephemeral_reader", "ephemeral_device")
    reader, device = (mdoc.session_key(secret, annex_d.transcript, info) for info in ("SKReader", "SKDevice"))
    assert (reader.hex(), device.hex()) == (annex_d.expected["sk_reader"], annex_d.expected["sk_device"])
    assert annex_d.e_mac_key.hex() == annex_d.expected["e_mac_key"]
    established, data = (decode(annex_d.hex[name])["data"] for name in ("session_establishment", "session_data"))
    counter = bytes.fromhex("00000001")
    assert AESGCM(reader).decrypt(bytes(8) + counter, established, None) == annex_d.hex["device_request"]
    assert AESGCM(device).decrypt(bytes(4) + b"\0\0\0\1" + counter, data, None) == annex_d.hex["device_response"]


def test_the_reader_is_authenticated(annex_d: AnnexD) -> None:
    reader_auth = cose.open_sign1(annex_d.hex["reader_auth"])
    items_request = annex_d.hex["items_request"]
    signed = mdoc.reader_authentication(annex_d.transcript, items_request)
    (certificate,) = x5chain(reader_auth)
    assert certificate == annex_d.hex["reader_cert"]
    cose.verify(reader_auth, jwk.from_certificate(certificate), cose.ALGORITHMS, signed)


def test_the_request_and_engagement_are_read(annex_d: AnnexD) -> None:
    request = decode(annex_d.hex["device_request"])
    assert embedded(request["docRequests"][0]["itemsRequest"]) == annex_d.hex["items_request"]
    engagement = decode(annex_d.hex["device_engagement"])
    assert engagement[0] == "1.0"
    assert decode(annex_d.hex["session_termination"]) == {"status": 20}
    key = cose.to_jwk(decode(embedded(decode(annex_d.hex["e_device_key_bytes"]))))
    assert key == jwk.from_public_key(annex_d.key("ephemeral_device").public_key())


@pytest.mark.parametrize("number", range(8))
def test_e8_mutated_responses_are_refused(annex_d: AnnexD, vectors: Callable[[str], Any], number: int) -> None:
    cases = vectors("mdoc/negative.json")
    assert len(cases) == 8
    case = cases[number]
    transcript = annex_d.transcript
    if "session_transcript_bytes" in case:
        transcript = embedded(decode(bytes.fromhex(case["session_transcript_bytes"])))
    now = datetime.fromisoformat(case["now"]) if "now" in case else NOW
    key = mdoc.session_key(annex_d.secret("ephemeral_reader", "static_device"), transcript, "EMacKey")
    with pytest.raises(ProtocolError) as refusal:
        check(bytes.fromhex(case["device_response"]), transcript, key, now)
        pytest.fail(case["id"])
    assert refusal.value.detail == MDOC[case["id"]]


def test_d5_a_code_does_not_stand_for_a_signature(annex_d: AnnexD) -> None:
    (document,) = mdoc.parse_device_response(annex_d.hex["device_response"])
    with pytest.raises(mdoc.InvalidDeviceAuthentication, match="signature is needed"):
        mdoc.verify_signature(document, annex_d.transcript, document.issuer_signed.mso.device_key, cose.ALGORITHMS)


def test_handovers_are_byte_for_byte(vectors: Callable[[str], Any]) -> None:
    for case in vectors("openid4vp/handover.json"):
        inputs = case["inputs"]
        thumbprint = jwk.thumbprint(jwk.public(inputs["enc_jwk"])) if "enc_jwk" in inputs else None
        if "info" in inputs and len(inputs["info"]) == 4:
            client_id, nonce, _, response_uri = inputs["info"]
            handover = mdoc.openid4vp_handover(client_id, nonce, None, response_uri)
        elif "info" in inputs:
            handover = mdoc.dc_api_handover(inputs["info"][0], inputs["info"][1], None)
        elif case["kind"] == "redirect":
            args = inputs["client_id"], inputs["nonce"], thumbprint, inputs["response_uri"]
            handover = mdoc.openid4vp_handover(*args)
        else:
            handover = mdoc.dc_api_handover(inputs["origin"], inputs["nonce"], thumbprint)
        assert handover.hex() == case["handover_hex"]
        assert mdoc.session_transcript(handover).hex() == case["session_transcript_hex"]


@pytest.mark.parametrize("name", ["issuer_signed", "device_response"])
def test_the_isomdl_structures_are_read_or_refused_with_a_reason(vectors: Callable[[str], Any], name: str) -> None:
    data = bytes.fromhex(vectors(f"mdoc/isomdl/definitions/{name}.cbor").decode())
    if name == "issuer_signed":
        issued = mdoc.parse_issuer_signed(data)
        mdoc.require_digests(issued)
        cose.verify(issued.issuer_auth, jwk.from_certificate(issued.chain[0]), cose.ALGORITHMS)
    else:  # its salt is one octet
        with pytest.raises(ProtocolError):
            mdoc.parse_device_response(data)
