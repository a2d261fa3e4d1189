"""COSE_Sign1, COSE_Mac0 and COSE_Key: published examples, our own both ways, and headers that are refused."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from protocols.cose import (
    InvalidCose,
    Tag,
    decode,
    encode,
    from_jwk,
    open_mac0,
    open_sign1,
    prepare,
    seal,
    to_jwk,
    verify,
    verify_mac0,
)
from protocols.cose.algorithms import ALGORITHMS
from protocols.cose.mac0 import InvalidMac
from protocols.cose.sign1 import x5chain
from protocols.errors import Malformed
from protocols.jose import jwk
from protocols.jose.jws import AlgorithmNotAllowed, InvalidSignature

COSE = "mdoc/isomdl/definitions/cose"


def test_the_published_sign1_verifies_and_its_mutations_do_not(vectors: Callable[[str], Any]) -> None:
    serialized = bytes.fromhex(vectors(f"{COSE}/sign1/serialized.cbor").decode())
    secret = int(vectors(f"{COSE}/sign1/secret_key").decode(), 16)
    key = jwk.from_public_key(ec.derive_private_key(secret, ec.SECP256R1()).public_key())
    opened = open_sign1(serialized)
    assert opened.payload == b"This is the content."
    verify(opened, key, ALGORITHMS)
    with pytest.raises(AlgorithmNotAllowed):
        verify(opened, key, (-35,))
    for place in (serialized.index(b"This"), len(serialized) - 1):
        broken = serialized[:place] + bytes([serialized[place] ^ 1]) + serialized[place + 1 :]
        with pytest.raises(InvalidSignature):
            verify(open_sign1(broken), key, ALGORITHMS)


def test_the_published_mac0_verifies_and_its_mutations_do_not(vectors: Callable[[str], Any]) -> None:
    serialized = bytes.fromhex(vectors(f"{COSE}/mac0/serialized.cbor").decode())
    secret = bytes.fromhex(vectors(f"{COSE}/mac0/secret_key").decode())
    opened = open_mac0(serialized)
    assert opened.payload == b"This is the content."
    verify_mac0(opened, secret)
    with pytest.raises(InvalidMac):
        verify_mac0(opened, b"other")


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "EdDSA"])
@pytest.mark.parametrize("detached", [False, True])
def test_what_is_signed_verifies(new_key: Callable[..., Any], algorithm: str, detached: bool) -> None:
    key = new_key(algorithm)
    prepared = prepare(b"content", algorithm, unprotected={33: b"cert"}, detached=detached)
    sealed = encode(seal(prepared, key.sign(prepared.payload)))
    opened = open_sign1(encode(Tag(18, decode(sealed))))
    assert x5chain(opened) == [b"cert"]
    verify(opened, key.jwk, ALGORITHMS, b"content" if detached else None)
    with pytest.raises(InvalidCose):
        verify(opened, key.jwk, ALGORITHMS, None if detached else b"content")
    if detached:
        with pytest.raises(InvalidSignature):
            verify(opened, key.jwk, ALGORITHMS, b"other")


@pytest.mark.parametrize(("identifier", "algorithm"), [(-9, "ES256"), (-51, "ES384"), (-52, "ES512"), (-19, "EdDSA")])
def test_fully_specified_identifiers_name_their_curve(
    new_key: Callable[..., Any], identifier: int, algorithm: str
) -> None:
    key = new_key(algorithm)
    protected = encode({1: identifier})
    signature = key.sign(encode(["Signature1", protected, b"", b"content"]))
    opened = open_sign1([protected, {}, b"content", signature])
    verify(opened, key.jwk, ALGORITHMS)
    with pytest.raises(AlgorithmNotAllowed):
        verify(opened, new_key("ES384" if algorithm == "ES256" else "ES256").jwk, ALGORITHMS)


HEADERS: dict[str, tuple[Any, Any]] = {
    "alg in the unprotected header": ({}, {1: -7}),
    "alg in both": ({1: -7}, {1: -7}),
    "x5chain in both": ({1: -7, 33: b"a"}, {33: b"b"}),
    "any label in both": ({1: -7, "x": 1}, {"x": 1}),
    "crit": ({1: -7, 2: [33]}, {}),
    "crit outside": ({1: -7}, {2: [33]}),
    "no alg": ({}, {}),
    "alg as text": ({1: "ES256"}, {}),
    "alg as a float": ({1: -7.0}, {}),
    "alg as a MAC": ({1: 5}, {}),
    "alg unknown": ({1: -65535}, {}),
    "alg null": ({1: None}, {}),
}


@pytest.mark.parametrize("name", HEADERS)
def test_e10_only_the_protected_header_names_an_algorithm_and_no_label_is_twice(name: str) -> None:
    protected, unprotected = HEADERS[name]
    with pytest.raises((InvalidCose, AlgorithmNotAllowed, Malformed)):
        open_sign1([encode(protected) if protected else b"", unprotected, b"", bytes(64)])


def test_e10_duplicate_labels_inside_the_protected_header_are_refused() -> None:
    with pytest.raises(Malformed):
        open_sign1([bytes.fromhex("a201260126"), {}, b"", bytes(64)])


@pytest.mark.parametrize("item", [None, 1, [], [b"", {}, b""], [b"", {}, b"", b"", b""], ["", {}, b"", b""],
                                  [b"\xa1\x01\x26", [], b"", b""], [b"\xa1\x01\x26", {}, "", b""],
                                  [b"\xa1\x01\x26", {}, b"", None], [b"\x80", {}, b"", b""],
                                  Tag(17, [b"\xa1\x01\x26", {}, b"", b""]), b"\x84"])  # fmt: skip
def test_what_is_no_sign1_is_refused(item: Any) -> None:
    with pytest.raises((InvalidCose, Malformed)):
        open_sign1(item)


@pytest.mark.parametrize("value", [None, [], [1], "text", [b"", 1]])
def test_an_x5chain_is_one_certificate_or_several(value: Any) -> None:
    with pytest.raises(Malformed):
        x5chain(open_sign1([b"\xa1\x01\x26", {33: value}, b"", b""]))


def test_the_published_cose_key_is_a_jwk_and_back(vectors: Callable[[str], Any]) -> None:
    key = decode(bytes.fromhex(vectors("mdoc/isomdl/definitions/cose_key/ec_p256.cbor").decode()))
    found = to_jwk(key)
    assert found["crv"] == "P-256"
    assert from_jwk(found) == {label: key[label] for label in (1, -1, -2, -3)}
    assert to_jwk({**key, -3: bool(key[-3][-1] & 1)}) == found  # compressed


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "ES256K", "EdDSA"])
def test_cose_keys_go_both_ways(new_key: Callable[..., Any], algorithm: str) -> None:
    key = new_key(algorithm).jwk
    assert to_jwk(decode(encode(from_jwk(key)))) == key


GOOD = {1: 2, -1: 1, -2: bytes(32), -3: bytes(32)}


@pytest.mark.parametrize("key", [None, [], {}, {**GOOD, -4: bytes(32)}, GOOD, {**GOOD, -1: 9}, {**GOOD, 1: 4},
                                 {**GOOD, -2: bytes(31)}, {**GOOD, -3: None}, {**GOOD, 1: 2.0}, {**GOOD, -1: True},
                                 {**GOOD, -2: "x"}, {**GOOD, -2: bytes([0xFF] * 32), -3: True}])  # fmt: skip
def test_cose_keys_that_are_none_are_refused(key: Any) -> None:
    with pytest.raises(Malformed):
        to_jwk(key)
