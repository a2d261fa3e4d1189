import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.encoding import b64url
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jws

ALLOWED = frozenset({"ES256", "EdDSA"})
# RFC 8037, A.4
ED25519 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
RFC8037 = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)
# RFC 7515, A.3
P256 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
RFC7515 = (
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)


def token(header: str, payload: bytes = b"{}", signature: bytes = bytes(64)) -> str:
    return f"{b64url(header.encode())}.{b64url(payload)}.{b64url(signature)}"


@pytest.mark.parametrize(("compact", "key"), [(RFC8037, ED25519), (RFC7515, P256)])
def test_the_published_signatures_verify(compact: str, key: dict) -> None:
    jws.verify(jws.parse(compact), key, ALLOWED)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "ES256K", "EdDSA"])
def test_what_a_key_store_signs_verifies(new_key, algorithm: str) -> None:
    key = new_key(algorithm)
    prepared = jws.signing_input({"alg": algorithm, "typ": "x"}, b"payload")
    opened = jws.parse(jws.seal(prepared, key.sign(prepared)))
    assert opened.payload == b"payload"
    jws.verify(opened, key.jwk, {algorithm})


def test_another_payload_is_refused(new_key) -> None:
    key = new_key()
    prepared = jws.signing_input({"alg": "ES256"}, b"payload")
    head, _, tail = jws.seal(prepared, key.sign(prepared)).split(".")
    with pytest.raises(jws.InvalidSignature):
        jws.verify(jws.parse(f"{head}.{b64url(b'paylaod')}.{tail}"), key.jwk, ALLOWED)


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "HS256", "HS512", "es256", "ES256 ", "", "A128KW", "ES257"])
def test_e1_unlisted_algorithms_are_refused(alg: str) -> None:
    with pytest.raises(jws.AlgorithmNotAllowed):
        jws.parse(token(json.dumps({"alg": alg})))


@pytest.mark.parametrize("alg", [None, 5, ["ES256"], {}])
def test_e1_an_alg_that_is_no_string_is_refused(alg) -> None:
    with pytest.raises(jws.AlgorithmNotAllowed):
        jws.parse(token(json.dumps({"alg": alg})))


def test_e1_the_algorithm_must_fit_the_key(new_key) -> None:
    key = new_key("EdDSA")
    prepared = jws.signing_input({"alg": "ES256"}, b"payload")
    with pytest.raises(jws.AlgorithmNotAllowed, match="fit"):
        jws.verify(jws.parse(jws.seal(prepared, key.sign(prepared))), key.jwk, ALLOWED)


def test_e1_the_algorithm_must_be_allowed_by_the_caller() -> None:
    with pytest.raises(jws.AlgorithmNotAllowed):
        jws.verify(jws.parse(RFC8037), ED25519, {"ES256"})


def test_e2_a_key_in_the_header_is_not_used(new_key) -> None:
    attacker, issuer = new_key(), new_key()
    prepared = jws.signing_input({"alg": "ES256", "jwk": attacker.jwk}, b"payload")
    with pytest.raises(jws.InvalidSignature):
        jws.verify(jws.parse(jws.seal(prepared, attacker.sign(prepared))), issuer.jwk, ALLOWED)


@pytest.mark.parametrize(
    "header",
    [
        '{"alg":"ES256","crit":["exp"],"exp":1}',
        '{"alg":"ES256","crit":[]}',
        '{"alg":"ES256","b64":false,"crit":["b64"]}',
        '{"alg":"ES256","b64":true}',
        '{"alg":"none","alg":"ES256"}',
        '{"alg":"ES256","typ":1}',
        '{"alg":"ES256","kid":{}}',
        '["ES256"]',
        '{"alg":"ES256"',
        '{"alg":"ES256","x":' + "[" * 100 + "]" * 100 + "}",
    ],
)
def test_e3_extensions_duplicates_and_wrong_forms_are_refused(header: str) -> None:
    with pytest.raises(Malformed):
        jws.parse(token(header))


@pytest.mark.parametrize(
    "compact",
    ["", ".", "..", "a.b", "a.b.c.d", f"{RFC8037}=", f" {RFC8037}", f"{RFC8037}\n", RFC8037.replace("_", "/"), "é.é.é"],
)
def test_wrong_compact_forms_are_refused(compact: str) -> None:
    with pytest.raises(Malformed):
        jws.parse(compact)


def test_a_header_without_end_is_refused() -> None:
    with pytest.raises(Malformed, match="large"):
        jws.parse(token(json.dumps({"alg": "ES256", "x": "a" * 70_000})))


@given(st.text(max_size=200) | st.text("eyJhbGciOiJFUzI1NiJ9._-A", max_size=200))
def test_l11_no_text_breaks_the_parser(text: str) -> None:
    with contextlib.suppress(ProtocolError):
        jws.parse(text)


@given(st.integers(0, len(RFC7515) - 1), st.sampled_from("AZaz09-_.~\x00é"))
def test_l11_no_mutation_of_a_valid_token_is_accepted(position: int, character: str) -> None:
    mutated = RFC7515[:position] + character + RFC7515[position + 1 :]
    if mutated == RFC7515:
        return
    with pytest.raises(ProtocolError):
        jws.verify(jws.parse(mutated), P256, ALLOWED)
