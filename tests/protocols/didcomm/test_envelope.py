import dataclasses
import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.didcomm import encrypted, envelope, message, signed
from protocols.didcomm.agreement import ephemeral_key
from protocols.didcomm.ciphers import CannotOpen, hchacha20
from protocols.didcomm.encrypted import Addressee
from protocols.didcomm.envelope import Inconsistent, Trail
from protocols.didcomm.message import Message
from protocols.encoding import b64url, parse_b64url
from protocols.errors import Malformed, ProtocolError
from protocols.jose.jws import InvalidSignature

ALICE, BOB = "did:example:alice", "did:example:bob"
HELLO = Message("1", "https://didcomm.org/empty/1.0/empty", {}, ALICE, (BOB,))
CURVES = {"X25519": "x25519-1", "P-256": "p256-1", "P-384": "p384-1", "P-521": "p521-1"}


def dice(label: str) -> encrypted.Fresh:
    return encrypted.fresh(hashlib.shake_256(label.encode()).digest(encrypted.FRESH_OCTETS))


@pytest.fixture
def spec(world):
    return world("spec-v2.1")


def pack(spec, crv: str = "X25519", kind: str = "authcrypt", said: Message | bytes = HELLO, enc: str = "XC20P") -> dict:
    plaintext = said if isinstance(said, bytes) else message.render(said)
    kids = [kid for kid in spec.secrets if kid.startswith(f"{BOB}#key-{CURVES[crv][:-1]}")]
    skid = f"{ALICE}#key-{CURVES[crv]}"
    addressees = [Addressee(kid, spec.key(kid, "keyAgreement")) for kid in kids]
    if kind == "anoncrypt":
        return json.loads(encrypted.anoncrypt(plaintext, addressees, dice(crv + enc), enc))
    mine = spec.secrets[skid]
    static = [dataclasses.replace(to, static_secret=spec.agree(mine, to.jwk)) for to in addressees]
    return json.loads(encrypted.authcrypt(plaintext, skid, static, dice(crv)))


def sign(spec, said: Message) -> dict:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    kid = f"{ALICE}#key-1"
    key = ed25519.Ed25519PrivateKey.from_private_bytes(parse_b64url(spec.secrets[kid]["d"]))
    signing_input = signed.signing_input(message.render(said), "EdDSA")
    return json.loads(signed.seal(signing_input, key.sign(signing_input), kid))


def test_hchacha20_gives_the_drafts_subkey() -> None:
    nonce = bytes.fromhex("000000090000004a0000000031415927")
    expected = "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"
    assert hchacha20(bytes(range(32)), nonce).hex() == expected


@pytest.mark.parametrize("crv", ["X25519", "P-256", "P-521"])
def test_authcrypt_comes_back_with_its_sender(spec, crv: str) -> None:
    packed = pack(spec, crv)
    for recipient in packed["recipients"]:
        received = spec.open(packed, recipient["header"]["kid"])
        assert (received.message, received.sender, received.recipient) == (HELLO, ALICE, BOB)


@pytest.mark.parametrize("enc", ["XC20P", "A256GCM", "A256CBC-HS512"])
@pytest.mark.parametrize("crv", list(CURVES))
def test_anoncrypt_comes_back_without_sender(spec, crv: str, enc: str) -> None:
    received = spec.open(pack(spec, crv, "anoncrypt", enc=enc))
    assert (received.message, received.sender) == (HELLO, "")


def test_layers_nest_as_the_specification_allows(spec) -> None:
    for inner in (pack(spec), sign(spec, HELLO)):
        received = spec.open(pack(spec, "P-256", "anoncrypt", json.dumps(inner).encode()))
        assert received.sender == ALICE


@pytest.mark.parametrize("outer", ["authcrypt", "anoncrypt"])
def test_layers_that_may_not_nest_are_refused(spec, outer: str) -> None:
    anonymous = json.dumps(pack(spec, "X25519", "anoncrypt")).encode()
    with pytest.raises(Malformed):
        spec.open(pack(spec, "X25519", outer, anonymous))


def test_nesting_has_an_end(spec) -> None:
    inner = json.dumps(sign(spec, HELLO)).encode()
    authenticated = json.dumps(pack(spec, said=inner)).encode()
    assert spec.open(pack(spec, "P-256", "anoncrypt", authenticated)).message == HELLO
    twice = json.dumps(pack(spec, said=authenticated)).encode()
    with pytest.raises(Malformed):
        spec.open(json.loads(twice))


@pytest.mark.parametrize(
    "said",
    [
        dataclasses.replace(HELLO, from_="did:example:mallory"),
        dataclasses.replace(HELLO, from_=""),
        dataclasses.replace(HELLO, to=("did:example:carol",)),
    ],
)
def test_a_message_that_contradicts_its_envelope_is_refused(spec, said: Message) -> None:
    with pytest.raises(Inconsistent):
        spec.open(pack(spec, said=said))


def test_a_signed_message_to_nobody_cannot_be_passed_on(spec) -> None:
    loose = sign(spec, dataclasses.replace(HELLO, to=()))
    assert spec.open(loose).sender == ALICE
    with pytest.raises(Inconsistent):
        spec.open(pack(spec, "X25519", "anoncrypt", json.dumps(loose).encode()))


def test_the_signers_did_has_to_be_the_senders(spec) -> None:
    trail = Trail(("authcrypt", "signed"), (f"{BOB}#1",), f"{ALICE}#1", "did:example:mallory#1")
    with pytest.raises(Inconsistent):
        envelope.address(HELLO, trail)


def flip(text: str) -> str:
    octets = bytearray(parse_b64url(text))
    octets[0] ^= 1
    return b64url(bytes(octets))


def change_protected(packed: dict, **changes: object) -> dict:
    header = {**json.loads(parse_b64url(packed["protected"])), **changes}
    return {**packed, "protected": b64url(json.dumps({n: v for n, v in header.items() if v != "gone"}).encode())}


@pytest.mark.parametrize("kind", ["authcrypt", "anoncrypt"])
@pytest.mark.parametrize("part", ["ciphertext", "tag", "iv"])
def test_a_changed_octet_does_not_open(spec, kind: str, part: str) -> None:
    packed = pack(spec, kind=kind)
    with pytest.raises(CannotOpen):
        spec.open({**packed, part: flip(packed[part])})


def test_a_changed_encrypted_key_does_not_open(spec) -> None:
    packed = pack(spec)
    packed["recipients"][0]["encrypted_key"] = flip(packed["recipients"][0]["encrypted_key"])
    with pytest.raises(CannotOpen):
        spec.open(packed)


@pytest.mark.parametrize(
    "changes",
    [
        {"enc": "A256GCM"},
        {"enc": "XC20P"},
        {"enc": "A128GCM"},
        {"alg": "ECDH-ES+A256KW"},
        {"alg": "dir"},
        {"apv": b64url(bytes(32))},
        {"apv": "gone"},
        {"apu": "gone"},
        {"apu": b64url(b"did:example:alice#key-other")},
        {"apu": b64url(b"\xff")},
        {"skid": "did:example:alice#key-other"},
        {"skid": None, "apu": b64url(b"did:example:alice")},
        {"crit": ["b64"]},
        {"zip": "DEF"},
        {"epk": None},
        {"epk": {"kty": "OKP", "crv": "Ed25519", "x": "CV-aGlld3nVdgnhoZK0D36Wk-9aIMlZjZOK2XhPMnkQ"}},
        {"epk": {"kty": "oct", "k": "AAAA"}},
        {"epk": {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"}},
        {"typ": "another"},
    ],
)
def test_a_changed_header_is_refused(spec, changes: dict) -> None:
    with pytest.raises(ProtocolError):
        spec.open(change_protected(pack(spec), **changes))


def test_the_senders_key_may_be_in_apu_alone(spec) -> None:
    # skid is within the authenticated header, so an envelope without it has to be made, not changed.
    packed = change_protected(pack(spec), skid="gone")
    assert encrypted.parse(packed).skid == f"{ALICE}#key-x25519-1"


@pytest.mark.parametrize(
    "recipients",
    [
        [],
        None,
        [{}],
        [{"header": {"kid": f"{BOB}#1"}}],
        [{"header": {"kid": BOB}, "encrypted_key": "AAAA"}],
        [{"header": {"kid": f"{BOB}#1", "alg": "dir"}, "encrypted_key": "AAAA"}],
        [{"header": {"kid": f"{BOB}#1"}, "encrypted_key": "AAAA"}] * 2,
        [{"header": {"kid": f"{BOB}#{n}"}, "encrypted_key": "AAAA"} for n in range(65)],
    ],
)
def test_recipients_of_another_form_are_refused(spec, recipients: object) -> None:
    with pytest.raises(Malformed):
        spec.open({**pack(spec), "recipients": recipients})


def test_additional_data_and_unprotected_headers_are_refused(spec) -> None:
    for more in ({"aad": "AAAA"}, {"unprotected": {"skid": "x"}}):
        with pytest.raises(Malformed):
            spec.open({**pack(spec), **more})


def test_a_changed_signature_or_payload_is_refused(spec) -> None:
    packed = sign(spec, HELLO)
    with pytest.raises(InvalidSignature):
        spec.open({**packed, "payload": sign(spec, dataclasses.replace(HELLO, id="2"))["payload"]})


@pytest.mark.parametrize("count", [0, 2])
def test_a_signed_message_has_exactly_one_signature(spec, count: int) -> None:
    packed = sign(spec, HELLO)
    with pytest.raises(Malformed):
        spec.open({**packed, "signatures": packed["signatures"] * count})


def test_a_flattened_signature_is_read(spec) -> None:
    packed = sign(spec, HELLO)
    assert spec.open({"payload": packed["payload"], **packed["signatures"][0]}).sender == ALICE


def test_a_message_that_is_too_large_is_refused() -> None:
    with pytest.raises(Malformed):
        envelope.parse(b" " * (envelope.MAX_BYTES + 1), Trail())


def test_ephemeral_keys_need_their_randomness_whole() -> None:
    with pytest.raises(ValueError, match="80"):
        ephemeral_key("X25519", bytes(32))
    with pytest.raises(ValueError, match="octets"):
        encrypted.fresh(bytes(32))


@settings(max_examples=200, deadline=None)
@given(octets=st.binary(max_size=300))
def test_noise_is_refused_with_our_own_error(octets: bytes) -> None:
    with pytest.raises(ProtocolError):
        envelope.parse(octets, Trail())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(["protected", "recipients", "iv", "ciphertext", "tag", "payload", "signatures", "id", "type", "to", "from", "body", "attachments", "thid", "expires_time", "typ"]), value=json_values)  # fmt: skip
def test_any_member_of_any_type_gives_a_message_or_our_own_error(name: str, value: object) -> None:
    for base in (
        {"protected": "e30", "recipients": [], "iv": "", "ciphertext": "", "tag": ""},
        {"payload": "e30", "signatures": [{"protected": "e30", "signature": ""}]},
        {"id": "1", "type": "https://didcomm.org/empty/1.0/empty", "body": {}},
    ):
        try:
            layer = envelope.parse(json.dumps({**base, name: value}).encode(), Trail())
        except ProtocolError:
            continue
        assert isinstance(layer, Message)
