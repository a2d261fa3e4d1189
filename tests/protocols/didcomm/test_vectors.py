"""Published envelopes: the specification's appendix, the SICPA libraries' tests, and what deployed libraries emit."""

import json
import re
from pathlib import Path

import pytest

from protocols.didcomm import from_prior, message
from protocols.didcomm.agreement import unwrap, wrap
from protocols.didcomm.ciphers import decrypt, encrypt
from protocols.encoding import b64url, parse_b64url
from protocols.errors import ProtocolError
from protocols.jose.agreement import concat_kdf
from tests.conftest import ROOT

_NO_BODY = {"py/INVALID_PLAINTEXT_TEST_VECTORS[4]", "rs/INVALID_PLAINTEXT_MSG_NO_BODY"}


def test_every_envelope_of_the_specification_opens_with_every_key(vectors, world) -> None:
    spec = world("spec-v2.1")
    published = vectors("didcomm/spec-v2.1/vectors.json")
    assert len(published) == 10
    for vector in published:
        kids = [entry["header"]["kid"] for entry in vector["packed"].get("recipients", [])]
        for kid in [None, *(kid for kid in kids if kid in spec.secrets)]:
            received = spec.open(vector["packed"], None if "of-authcrypt" in vector["name"] else kid)
            assert received.message.id == "1234567890"
            assert received.message.body == {"messagespecificattribute": "and its value"}
            authenticated = "signed" in vector["name"] or "authcrypt" in vector["name"]
            assert received.sender == ("did:example:alice" if authenticated else "")
            assert received.encrypted is bool(kids)


def test_every_sound_envelope_of_sicpa_opens_as_they_say(vectors, world) -> None:
    sicpa = world("sicpa")
    published = vectors("didcomm/sicpa/vectors-positive.json")
    assert len(published) == 24
    for vector in published:
        trail = sicpa.open(vector["packed"]).trail
        expected = vector.get("expect_metadata")
        if expected:
            assert bool(trail.kids) is expected.get("encrypted", False)
            assert trail.skid == expected.get("encrypted_from", "")
            assert trail.signer == expected.get("sign_from", "")
            assert ("anoncrypt" in trail.layers) is expected.get("anonymous_sender", False)


def test_every_faulty_message_of_sicpa_is_refused(vectors, world) -> None:
    sicpa = world("sicpa")
    published = vectors("didcomm/sicpa/vectors-negative.json")
    assert len(published) == 45
    for vector in published:
        if vector["name"] in _NO_BODY:
            # Version 2.1 made body optional on receipt.
            assert sicpa.open(vector["packed"]).message.body == {}
            continue
        with pytest.raises(ProtocolError):
            sicpa.open(vector["packed"])


def test_what_deployed_libraries_emit_opens(vectors, world) -> None:
    published = vectors("didcomm/interop-quirks/vectors.json")
    assert len(published) == 3
    for vector in published:
        secrets = vector.get("recipient_secrets") or [vector["recipient_secret"]]
        documents = {}
        if "sender_public" in vector:
            kid = vector["sender_public"]["kid"]
            did = kid.partition("#")[0]
            jwk = {name: vector["sender_public"][name] for name in ("kty", "crv", "x")}
            method = {"id": kid, "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": jwk}
            documents[did] = {"id": did, "keyAgreement": [method]}
        opened = type(world("sicpa"))(documents, {jwk["kid"]: jwk for jwk in secrets}).open(vector["packed"])
        assert opened.message == message.parse(json.dumps(vector["plaintext"]).encode())


def test_ecdh_1pu_derives_what_the_drafts_derive(vectors, world) -> None:
    agree = world("sicpa").agree
    published = vectors("didcomm/jose-kat/ecdh-1pu.json")
    b = published["appendix_b"]
    cek, iv = bytes.fromhex(b["cek_hex"]), bytes.fromhex(b["iv_hex"])
    protected = b64url(b["protected_json"].encode()).encode()
    ciphertext, tag = encrypt("A256CBC-HS512", cek, iv, protected, b["plaintext"].encode())
    assert (b64url(ciphertext), b64url(tag)) == (b["ciphertext"], b["tag"])
    assert decrypt("A256CBC-HS512", cek, iv, protected, ciphertext, tag).decode() == b["plaintext"]
    z = agree(b["bob"], b["ephemeral"]) + agree(b["bob"], b["alice"])
    kek = concat_kdf(z, b["alg"], b["apu"].encode(), b["apv"].encode(), 128, tag)
    assert kek.hex() == b["bob_kek_hex"]
    assert b64url(wrap(kek, cek)) == b["bob_encrypted_key"]
    assert unwrap(kek, parse_b64url(b["bob_encrypted_key"])) == cek
    a = published["appendix_a_direct"]
    z = agree(a["bob"], a["ephemeral"]) + agree(a["bob"], a["alice"])
    assert concat_kdf(z, a["alg"], a["apu"].encode(), a["apv"].encode()).hex() == a["derived_hex"]


def test_a_rotation_of_sicpa_is_believed_and_its_forgeries_are_not(vectors, world) -> None:
    sicpa = world("sicpa")
    published = vectors("didcomm/sicpa/from-prior-jwt.json")
    assert len(published) == 3
    for name, token in published.items():
        if name == "FROM_PRIOR_JWT_FULL":
            prior = from_prior.parse(token)
            assert (prior.iss, prior.sub, prior.kid) == (
                "did:example:charlie",
                "did:example:alice",
                prior.iss + "#key-1",
            )
            from_prior.verify(prior, sicpa.key(prior.kid, "authentication"), "did:example:alice")
            with pytest.raises(ProtocolError):
                from_prior.verify(prior, sicpa.key(prior.kid, "authentication"), "did:example:bob")
            continue
        with pytest.raises(ProtocolError):
            prior = from_prior.parse(token)
            from_prior.verify(prior, sicpa.key(prior.kid, "authentication"), "did:example:alice")


def test_no_published_vector_of_didcomm_lies_unread(vectors_folder: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")]
    read = {name for text in texts for name in re.findall(r"didcomm/[\w.-]+/[\w.-]+\.json", text)}
    worlds = {name for text in texts for name in re.findall(r'world\("([\w.-]+)"\)', text)}
    read |= {f"didcomm/{name}/{file}.json" for name in worlds for file in ("secrets", "did-docs")}
    there = {path.relative_to(vectors_folder).as_posix() for path in (vectors_folder / "didcomm").rglob("*.json")}
    assert len(there) == 15
    assert there == read
