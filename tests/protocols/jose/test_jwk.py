import contextlib

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from protocols.encoding import b64url, parse_b64url
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jwk

P256 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ",
    "y": "Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8",
}
# RFC 8037, A.2 and A.3; RFC 7638, 3.1
ED25519 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
RSA_N = (
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs"
    "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91C"
    "bOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
)


def test_the_required_members_remain() -> None:
    assert jwk.public({**P256, "kid": "1", "use": "sig", "alg": "ES256"}) == P256


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_g7_private_members_are_refused(member: str) -> None:
    with pytest.raises(Malformed, match="private"):
        jwk.public({**P256, member: "AQ"})


@pytest.mark.parametrize(
    "change",
    [
        {"y": P256["x"]},
        {"x": b64url(bytes(32)), "y": b64url(bytes(32))},
        {"x": b64url(parse_b64url(P256["x"])[1:])},
        {"x": P256["x"] + "="},
        {"crv": "P-384"},
        {"crv": "P-257"},
        {"crv": "Ed25519"},
        {"x": 5},
        {"x": None},
        {"kty": "oct"},
        {"kty": ["EC"]},
        {"kty": None},
        {"x": "A" * 100_000},
    ],
)
def test_e11_points_off_the_curve_and_wrong_forms_are_refused(change: dict) -> None:
    with pytest.raises(Malformed):
        jwk.public({**P256, **change})


def test_a_short_okp_key_is_refused() -> None:
    with pytest.raises(Malformed):
        jwk.public({**ED25519, "x": b64url(bytes(31))})


def test_the_published_thumbprints_are_reproduced() -> None:
    assert b64url(jwk.thumbprint(ED25519)) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    rsa_key = {"kty": "RSA", "n": RSA_N, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert b64url(jwk.thumbprint(rsa_key)) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_the_thumbprint_does_not_depend_on_other_members() -> None:
    assert jwk.thumbprint({"kid": "z", **P256}) == jwk.thumbprint(P256)


def test_rsa_below_2048_bits_is_refused() -> None:
    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    small = {"kty": "RSA", "n": b64url(numbers.n.to_bytes(128)), "e": "AQAB"}
    with pytest.raises(Malformed):
        jwk.public(small)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "ES256K", "EdDSA"])
def test_a_signature_verifies_with_its_key_and_algorithm_only(new_key, algorithm: str) -> None:
    key = new_key(algorithm)
    signature = key.sign(b"message")
    assert jwk.algorithm(key.jwk) == algorithm
    assert jwk.verify_signature(key.jwk, algorithm, b"message", signature)
    assert not jwk.verify_signature(key.jwk, algorithm, b"massage", signature)
    assert not jwk.verify_signature(new_key(algorithm).jwk, algorithm, b"message", signature)
    for other in jwk.ALGORITHMS - jwk.signs_with(key.jwk):
        assert not jwk.verify_signature(key.jwk, other, b"message", signature)


@pytest.mark.parametrize("signature", [bytes(64), bytes(63) + b"\1", b"\xff" * 64, bytes(32), b"", bytes(65)])
def test_e11_degenerate_ecdsa_signatures_are_refused(signature: bytes) -> None:
    assert not jwk.verify_signature(P256, "ES256", b"message", signature)


def test_a_der_signature_is_refused(new_key) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = new_key()
    assert not jwk.verify_signature(key.jwk, "ES256", b"m", key.private.sign(b"m", ec.ECDSA(hashes.SHA256())))


def test_the_stated_algorithm_must_fit() -> None:
    with pytest.raises(Malformed):
        jwk.algorithm({**P256, "alg": "ES384"})
    with pytest.raises(Malformed):
        jwk.algorithm({**P256, "use": "enc"})
    with pytest.raises(Malformed):
        jwk.algorithm({"kty": "OKP", "crv": "X25519", "x": ED25519["x"]})


def test_keys_make_the_round_trip(new_key) -> None:
    for algorithm in ("ES256", "ES384", "ES512", "ES256K", "EdDSA"):
        key = new_key(algorithm).jwk
        assert jwk.from_public_key(jwk.to_public_key(key)) == key


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


members = dict.fromkeys(("crv", "x", "y", "n", "e", "d", "alg", "use"), json_values | st.just("P-256"))


@given(st.fixed_dictionaries({"kty": st.sampled_from(["EC", "OKP", "RSA"]) | json_values}, optional=members))
def test_l11_no_value_breaks_the_parser(value: dict) -> None:
    for read in (jwk.public, jwk.thumbprint, jwk.algorithm, jwk.signs_with):
        with contextlib.suppress(ProtocolError):
            read(value)


@given(
    st.sampled_from(["EC", "OKP", "RSA"]),
    st.sampled_from(["P-256", "P-521", "Ed25519", "X25519"]),
    st.binary(max_size=70),
    st.binary(max_size=70),
)
def test_l11_no_coordinates_break_the_parser(kty: str, crv: str, x: bytes, y: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        jwk.public({"kty": kty, "crv": crv, "x": b64url(x), "y": b64url(y), "n": b64url(x), "e": b64url(y)})
