import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from protocols.encoding import b64url, parse_b64url
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jwe

KEY = JWK.generate(kty="EC", crv="P-256")
PRIVATE = json.loads(KEY.export_private())


def encrypt(plaintext: bytes, key: JWK = KEY, **header: object) -> str:
    protected = {"alg": "ECDH-ES", "enc": "A128GCM", **header}
    algorithms = [protected["alg"], protected["enc"]]
    envelope = JWE(plaintext, json.dumps(protected), recipient=key, algs=algorithms)
    return str(envelope.serialize(compact=True))


def with_header(token: str, **change: object) -> str:
    parts = token.split(".")
    header = json.loads(parse_b64url(parts[0])) | change
    return ".".join([b64url(json.dumps(header).encode()), *parts[1:]])


@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM", "A128CBC-HS256"])
@pytest.mark.parametrize("crv", ["P-256", "P-384", "P-521", "X25519"])
def test_ecdh_es_decrypts(enc: str, crv: str) -> None:
    key = JWK.generate(kty="OKP" if crv == "X25519" else "EC", crv=crv)
    token = encrypt(b"secret", key, enc=enc, kid="1", apv="bm9uY2U")
    assert jwe.header(token)["kid"] == "1"
    header, plaintext = jwe.decrypt(token, json.loads(key.export_private()))
    assert (header["enc"], plaintext) == (enc, b"secret")


def test_the_published_agreement_is_reproduced() -> None:
    """RFC 7518, appendix C gives both keys and the derived key; the ciphertext is made with it here."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    bob = {
        "kty": "EC",
        "crv": "P-256",
        "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
        "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
        "d": "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw",
    }
    protected = b64url(
        json.dumps(
            {
                "alg": "ECDH-ES",
                "enc": "A128GCM",
                "apu": "QWxpY2U",
                "apv": "Qm9i",
                "epk": {
                    "kty": "EC",
                    "crv": "P-256",
                    "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
                    "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
                },
            }
        ).encode()
    )
    sealed = AESGCM(parse_b64url("VqqN6vgjbSBcIijNcacQGg")).encrypt(bytes(12), b"hello", protected.encode())
    token = f"{protected}..{b64url(bytes(12))}.{b64url(sealed[:-16])}.{b64url(sealed[-16:])}"
    assert jwe.decrypt(token, bob)[1] == b"hello"


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "dir"},
        {"alg": "RSA-OAEP"},
        {"alg": "RSA1_5"},
        {"alg": "PBES2-HS256+A128KW", "p2c": 2_000_000_000, "p2s": "AAAAAAAAAAA"},
        {"alg": "ECDH-ES+A128KW"},
        {"alg": "A128KW"},
        {"enc": "A256CBC-HS512"},
        {"zip": "GZIP"},
    ],
)
def test_d17_algorithms_off_our_list_are_refused_before_any_work(change: dict) -> None:
    token = with_header(encrypt(b"secret"), **change)
    before = time.process_time()
    with pytest.raises(jwe.EncryptionNotAllowed):
        jwe.decrypt(token, PRIVATE, algorithms={"ECDH-ES", change.get("alg")}, encodings={"A128GCM", change.get("enc")})
    assert time.process_time() - before < 0.1


def test_the_caller_narrows_the_encodings() -> None:
    with pytest.raises(jwe.EncryptionNotAllowed):
        jwe.decrypt(encrypt(b"secret"), PRIVATE, encodings={"A256GCM"})


def test_another_key_and_altered_parts_get_one_answer() -> None:
    token = encrypt(b"secret", apu="QWxpY2U")
    parts = token.split(".")
    altered = [
        with_header(token, apu="Qm9i"),
        with_header(token, kid="other"),
        ".".join([*parts[:3], b64url(b"zzzzzz"), parts[4]]),
        ".".join([*parts[:4], b64url(bytes(16))]),
        ".".join([*parts[:4], b64url(bytes(4))]),
        ".".join([*parts[:2], b64url(bytes(5)), *parts[3:]]),
    ]
    other = json.loads(JWK.generate(kty="EC", crv="P-256").export_private())
    causes = set()
    for text, key in [*((text, PRIVATE) for text in altered), (token, other)]:
        with pytest.raises(jwe.DecryptionFailed) as caught:
            jwe.decrypt(text, key)
        causes.add(caught.value.detail)
    assert causes == {"does not decrypt"}


def test_an_encrypted_key_beside_direct_agreement_is_refused() -> None:
    parts = encrypt(b"secret").split(".")
    with pytest.raises(Malformed):
        jwe.decrypt(".".join([parts[0], b64url(bytes(24)), *parts[2:]]), PRIVATE)


@pytest.mark.parametrize(
    "epk",
    [
        None,
        "x",
        {"kty": "EC", "crv": "P-256", "x": b64url(bytes(32)), "y": b64url(bytes(32))},
        {"kty": "EC", "crv": "P-256"},
        {"kty": "oct", "k": "AA"},
        PRIVATE,
    ],
)
def test_e11_an_ephemeral_key_off_the_curve_is_refused(epk: object) -> None:
    with pytest.raises(Malformed):
        jwe.decrypt(with_header(encrypt(b"secret"), epk=epk), PRIVATE)


def test_e11_a_small_order_x25519_key_is_refused() -> None:
    key = JWK.generate(kty="OKP", crv="X25519")
    token = with_header(encrypt(b"secret", key), epk={"kty": "OKP", "crv": "X25519", "x": b64url(bytes(32))})
    with pytest.raises(jwe.DecryptionFailed):
        jwe.decrypt(token, json.loads(key.export_private()))


def test_an_ephemeral_key_on_another_curve_is_refused() -> None:
    other = json.loads(JWK.generate(kty="EC", crv="P-384").export_public())
    with pytest.raises(jwe.DecryptionFailed):
        jwe.decrypt(with_header(encrypt(b"secret"), epk=other), PRIVATE)


def test_e3_deep_headers_and_extensions_are_refused() -> None:
    deep: object = "x"
    for _ in range(100):
        deep = [deep]
    token = encrypt(b"secret")
    for change in ({"x": deep}, {"crit": ["exp"]}, {"alg": ["ECDH-ES"]}, {"kid": 1}, {"x": "a" * 10_000}):
        with pytest.raises(Malformed):
            jwe.decrypt(with_header(token, **change), PRIVATE)


def test_compressed_text_inflates_to_the_limit_and_no_further() -> None:
    token = encrypt(b"a" * 10_000, zip="DEF")
    assert jwe.decrypt(token, PRIVATE, max_bytes=10_000)[1] == b"a" * 10_000
    with pytest.raises(jwe.DecryptionFailed):
        jwe.decrypt(token, PRIVATE, max_bytes=9_999)


def test_a_compression_bomb_is_not_inflated() -> None:
    import tracemalloc

    bomb = encrypt(bytes(60_000_000), zip="DEF")
    assert len(bomb) < 100_000
    tracemalloc.start()
    with pytest.raises(jwe.DecryptionFailed):
        jwe.decrypt(bomb, PRIVATE, max_bytes=100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_broken_compression_is_refused() -> None:
    with pytest.raises(jwe.DecryptionFailed):
        jwe.decrypt(with_header(encrypt(b"not deflated"), zip="DEF"), PRIVATE)


def test_plain_text_beyond_the_limit_is_refused() -> None:
    with pytest.raises(jwe.DecryptionFailed):
        jwe.decrypt(encrypt(b"a" * 1_100), PRIVATE, max_bytes=1_000)
    with pytest.raises(jwe.DecryptionFailed):
        jwe.decrypt(encrypt(b"a" * 1_001), PRIVATE, max_bytes=1_000)


@given(st.text(max_size=200) | st.text("eyJhbGciOiJFUzI1NiJ9._-A", max_size=200))
def test_l11_no_text_breaks_the_parser(text: str) -> None:
    with contextlib.suppress(ProtocolError):
        jwe.decrypt(text, PRIVATE)


TOKEN = encrypt(b"secret")


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("AZaz09-_.~"))
def test_l11_no_mutation_of_a_valid_token_is_accepted(position: int, character: str) -> None:
    mutated = TOKEN[:position] + character + TOKEN[position + 1 :]
    if mutated == TOKEN:
        return
    with pytest.raises(ProtocolError):
        jwe.decrypt(mutated, PRIVATE)
