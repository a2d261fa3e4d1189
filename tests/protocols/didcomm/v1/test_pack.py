"""RFC 0019: published envelopes, and every way of being wrong."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

import base58
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519

from protocols.did import multikey
from protocols.didcomm.ciphers import CannotOpen
from protocols.didcomm.v1 import box, pack
from protocols.didcomm.v1.pack import Addressee, Packed
from protocols.encoding import b64url, parse_b64url
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jwk as jwks


def _private(seed: bytes) -> x25519.X25519PrivateKey:
    """As crypto_sign_ed25519_sk_to_curve25519: the clamped half of SHA-512 of the seed, which X25519 clamps itself."""
    import hashlib

    return x25519.X25519PrivateKey.from_private_bytes(hashlib.sha512(seed).digest()[:32])


class Party:
    def __init__(self, seed: bytes) -> None:
        public = ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
        self.jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64url(public)}
        self.verkey = base58.b58encode(public).decode()
        self._agrees = _private(seed)

    def agree(self, jwk: Mapping[str, Any]) -> bytes:
        theirs = jwks.to_public_key(jwk)
        assert isinstance(theirs, x25519.X25519PublicKey)
        return self._agrees.exchange(theirs)

    def open(self, octets: bytes) -> tuple[bytes, str]:
        packed = pack.parse(octets)
        (recipient,) = [entry for entry in packed.recipients if entry.kid == self.verkey]
        secret = self.agree(pack.ephemeral(recipient))
        if packed.alg == pack.ANONCRYPT:
            return pack.anoncrypted(packed, recipient, secret, self.jwk), ""
        sender = pack.sender(recipient, secret, self.jwk)
        return pack.authcrypted(packed, recipient, self.agree(multikey.x25519_of(sender))), pack.verkey(sender)


@pytest.fixture
def parties(vectors: Any) -> dict[str, Party]:
    return {name: Party(key["seed_utf8"].encode()) for name, key in vectors("didcomm/v1-pack/keys.json").items()}


def test_every_published_envelope_opens_for_every_recipient(vectors: Any, parties: dict[str, Party]) -> None:
    published = vectors("didcomm/v1-pack/vectors.json")
    assert len(published) == 7
    for vector in published:
        octets = json.dumps(vector["packed"]).encode()
        assert pack.fits(octets)
        for name in vector["recipients"]:
            plaintext, sender = parties[name].open(octets)
            expected = vector["plaintext"]
            assert plaintext == (expected if isinstance(expected, str) else json.dumps(expected)).encode()
            assert sender == (parties[vector["sender"]].verkey if vector["sender"] else "")


def test_the_examples_of_the_rfc_are_taken_apart(vectors: Any) -> None:
    for example in vectors("didcomm/v1-pack/rfc0019-parse-only.json"):
        packed = pack.parse(json.dumps(example["packed"]).encode())
        kids = [entry["header"]["kid"] for entry in example["protected_decoded"]["recipients"]]
        assert [recipient.kid for recipient in packed.recipients] == kids
        assert packed.alg == example["protected_decoded"]["alg"]


def test_what_we_pack_opens_for_everybody_it_is_for(parties: dict[str, Party]) -> None:
    alice, bob, other = parties["alice"], parties["bob1"], parties["bob2"]
    fresh = secrets.token_bytes(pack.FRESH_OCTETS + 2 * pack.RECIPIENT_OCTETS)
    for_both = [Addressee(one.jwk, alice.agree(multikey.x25519_of(one.jwk))) for one in (bob, other)]
    sealed = pack.pack(b'{"hello":"there"}', for_both, fresh, alice.jwk)
    assert bob.open(sealed) == other.open(sealed) == (b'{"hello":"there"}', alice.verkey)
    anonymous = pack.pack(b"{}", [Addressee(bob.jwk), Addressee(other.jwk)], fresh)
    assert bob.open(anonymous) == other.open(anonymous) == (b"{}", "")


def test_what_we_pack_opens_in_askar(parties: dict[str, Party]) -> None:
    """Another implementation: libsodium's construction in aries-askar, step by step."""
    from aries_askar import Key, KeyAlg
    from aries_askar.bindings import key_crypto_box_open, key_crypto_box_seal_open

    alice, bob = parties["alice"], parties["bob1"]
    fresh = secrets.token_bytes(pack.FRESH_OCTETS + pack.RECIPIENT_OCTETS)
    octets = pack.pack(b"{}", [Addressee(bob.jwk, alice.agree(multikey.x25519_of(bob.jwk)))], fresh, alice.jwk)
    recipient = pack.parse(octets).recipients[0]
    ours = Key.from_secret_bytes(KeyAlg.ED25519, b"v1-vector-bob1-0000000000000000b").convert_key(KeyAlg.X25519)
    assert bytes(key_crypto_box_seal_open(ours._handle, recipient.sender)).decode() == alice.verkey
    theirs = Key.from_public_bytes(KeyAlg.ED25519, parse_b64url(alice.jwk["x"])).convert_key(KeyAlg.X25519)
    cek = key_crypto_box_open(ours._handle, theirs._handle, recipient.encrypted_key, recipient.iv)
    assert bytes(cek) == fresh[:32]


def _changed(vector: Mapping[str, Any], change: Any) -> bytes:
    packed = dict(vector["packed"])
    header = json.loads(pack._b64(packed["protected"]))
    change(packed, header)
    if "protected" in packed and json.loads(pack._b64(vector["packed"]["protected"])) != header:
        packed["protected"] = b64url(json.dumps(header).encode())
    return json.dumps(packed).encode()


def _flip(found: dict[str, Any], name: str) -> None:
    octets = bytearray(pack._b64(found[name]))
    octets[0] ^= 1
    found[name] = b64url(bytes(octets))


FAULTS: dict[str, Any] = {
    "tag": lambda packed, header: _flip(packed, "tag"),
    "ciphertext": lambda packed, header: _flip(packed, "ciphertext"),
    "iv": lambda packed, header: _flip(packed, "iv"),
    "encrypted_key": lambda packed, header: _flip(header["recipients"][0], "encrypted_key"),
    "sender": lambda packed, header: _flip(header["recipients"][0]["header"], "sender"),
    "recipient iv": lambda packed, header: _flip(header["recipients"][0]["header"], "iv"),
    "header bound to content": lambda packed, header: header.update(extra=1),
    "another enc": lambda packed, header: header.update(enc="A256GCM"),
    "another alg": lambda packed, header: header.update(alg="none"),
    "authcrypt that says it is anonymous": lambda packed, header: header.update(alg="Anoncrypt"),
    "another typ": lambda packed, header: header.update(typ="JWT"),
    "no recipients": lambda packed, header: header.update(recipients=[]),
    "recipient twice": lambda packed, header: header.update(recipients=header["recipients"] * 2),
    "too many recipients": lambda packed, header: header.update(recipients=header["recipients"] * 65),
    "kid that is no key": lambda packed, header: header["recipients"][0]["header"].update(kid="abc"),
    "no sender": lambda packed, header: header["recipients"][0]["header"].pop("sender"),
    "no iv": lambda packed, header: packed.pop("iv"),
    "short tag": lambda packed, header: packed.update(tag="AAAA"),
    "protected is no JSON": lambda packed, header: packed.update(protected="AAAA"),
    "protected is gone": lambda packed, header: packed.pop("protected"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_envelope_is_refused(fault: str, vectors: Any, parties: dict[str, Party]) -> None:
    vector = vectors("didcomm/v1-pack/vectors.json")[0]
    with pytest.raises(ProtocolError) as refused:
        parties["bob1"].open(_changed(vector, FAULTS[fault]))
    assert isinstance(refused.value, CannotOpen | Malformed)


def test_an_envelope_of_version_2_is_not_taken_for_one_of_ours(vectors: Any) -> None:
    for vector in vectors("didcomm/spec-v2.1/vectors.json"):
        assert not pack.fits(json.dumps(vector["packed"]).encode())
    assert not pack.fits(b"[]")


def test_a_secretbox_is_what_nacl_says() -> None:
    """The example of Bernstein's "Cryptography in NaCl", section 10."""
    key = bytes.fromhex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389")
    nonce = bytes.fromhex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37")
    shared = bytes.fromhex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    assert box.box_key(shared) == key
    sealed = box.seal_secretbox(key, nonce, bytes(131))
    assert box.open_secretbox(key, nonce, sealed) == bytes(131)
    with pytest.raises(CannotOpen):
        box.open_secretbox(key, nonce, sealed[:15])


def test_parse_gives_what_was_packed(parties: dict[str, Party]) -> None:
    fresh = secrets.token_bytes(pack.FRESH_OCTETS + pack.RECIPIENT_OCTETS)
    packed: Packed = pack.parse(pack.pack(b"{}", [Addressee(parties["bob1"].jwk)], fresh))
    assert packed.alg == pack.ANONCRYPT
    assert packed.iv == fresh[32:44]
    with pytest.raises(ValueError, match="fresh"):
        pack.pack(b"{}", [Addressee(parties["bob1"].jwk)], fresh[1:])
