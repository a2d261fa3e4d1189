"""Encrypted credential requests and responses (OpenID4VCI 1.0, 10; abuse cases C11 and C12)."""

import json
import zlib
from typing import Any

import pytest
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from tests.authorizing import Client
from tests.courts import Court
from tests.wallets import Answer, b64, header_of

WALLET = JWK.generate(kty="EC", crv="P-256", alg="ECDH-ES", use="enc", kid="answer")


def asked(**changes: Any) -> dict[str, Any]:
    return {"jwk": WALLET.export_public(as_dict=True), "enc": "A128GCM"} | changes


async def ready(court: Court) -> tuple[Client, str, dict[str, Any]]:
    """A client, a token, and the issuer's encryption key."""
    client = court.client()
    metadata = await client.wallet.metadata(court.issuer)
    (key,) = metadata["credential_request_encryption"]["jwks"]["keys"]
    return client, (await client.obtain()).body["access_token"], key


async def request(client: Client, **changes: Any) -> dict[str, Any]:
    proof = client.wallet.proof(client.issuer, await client.wallet.nonce(client.issuer))
    body = {"credential_configuration_id": "pid", "proofs": {"jwt": [proof]}, "credential_response_encryption": asked()}
    return {name: value for name, value in (body | changes).items() if value is not None}


def encrypted(key: dict[str, Any], body: Any, **header: Any) -> str:
    members = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": key["kid"]} | header
    present = {name: value for name, value in members.items() if value is not None}
    token = JWE(body if isinstance(body, bytes) else json.dumps(body).encode(), protected=json.dumps(present))
    token.add_recipient(JWK(**key))
    return token.serialize(compact=True)


async def send(client: Client, token: str, body: str) -> Answer:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/jwt"}
    return await client.wallet.send("POST", f"{client.issuer}/credential", data=body, headers=headers)


def opened(answer: Answer) -> Any:
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == "application/jwt"
    envelope = JWE()
    envelope.deserialize(answer.body, WALLET)
    return json.loads(envelope.payload)


async def test_the_metadata_says_what_is_possible(court: Court) -> None:
    metadata = await court.client().wallet.metadata(court.issuer)
    asking, answering = metadata["credential_request_encryption"], metadata["credential_response_encryption"]
    (key,) = asking["jwks"]["keys"]
    assert (key["alg"], key["use"], key["crv"]) == ("ECDH-ES", "enc", "P-256")
    assert "d" not in key
    assert asking["enc_values_supported"] == answering["enc_values_supported"] == ["A128GCM", "A256GCM"]
    assert answering["alg_values_supported"] == ["ECDH-ES"]
    assert asking["zip_values_supported"] == ["DEF"]
    assert asking["encryption_required"] is answering["encryption_required"] is False


@pytest.mark.parametrize("zipped", [None, "DEF"])
@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM"])
async def test_both_ways_encrypted(court: Court, enc: str, zipped: str | None) -> None:
    client, token, key = await ready(court)
    wanted = asked(enc=enc, **({"zip": zipped} if zipped else {}))
    body = await request(client, credential_response_encryption=wanted)
    answer = await send(client, token, encrypted(key, body, enc=enc, zip=zipped))
    assert len(opened(answer)["credentials"]) == 1
    header = header_of(answer.body)
    assert (header["alg"], header["enc"], header["kid"]) == ("ECDH-ES", enc, "answer")
    assert header.get("zip") == zipped


async def test_an_encrypted_request_may_want_a_plain_answer(court: Court) -> None:
    client, token, key = await ready(court)
    answer = await send(client, token, encrypted(key, await request(client, credential_response_encryption=None)))
    assert len(answer.body["credentials"]) == 1


async def test_errors_are_never_encrypted(court: Court) -> None:
    client, token, key = await ready(court)
    body = await request(client, credential_configuration_id="nothing")
    answer = await send(client, token, encrypted(key, body))
    assert (answer.status, answer.error) == (400, "unknown_credential_configuration")
    assert answer.headers["Content-Type"].startswith("application/json")


async def test_c11_a_response_key_in_clear_could_be_anybodys(court: Court) -> None:
    client, token, _ = await ready(court)
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{court.issuer}/credential"
    answer = await client.wallet.send("POST", url, json=await request(client), headers=headers)
    assert (answer.status, answer.error) == (400, "invalid_encryption_parameters")


async def test_c11_unsupported_parameters_are_refused(court: Court) -> None:
    client, token, key = await ready(court)
    jwk = WALLET.export_public(as_dict=True)
    rsa = JWK.generate(kty="RSA", size=2048, alg="RSA-OAEP-256").export_public(as_dict=True)
    for changes in (
        {"jwk": {**jwk, "alg": "UNSUPPORTED_ALG"}},
        {"jwk": {name: value for name, value in jwk.items() if name != "alg"}},
        {"jwk": {**jwk, "x": jwk["y"]}},
        {"jwk": {**jwk, "use": "sig"}},
        {"jwk": {**jwk, "d": "AAAA"}},
        {"jwk": rsa},
        {"jwk": "x"},
        {"enc": "A128CBC-HS256"},
        {"enc": None},
        {"zip": "GZIP"},
    ):
        body = await request(client, credential_response_encryption=asked(**changes))
        answer = await send(client, token, encrypted(key, body))
        assert (answer.status, answer.error) == (400, "invalid_encryption_parameters"), changes


async def test_c11_where_encryption_is_required_a_plain_request_is_refused(court: Court) -> None:
    await court.configure(policy={"require_encryption": True})
    client, token, key = await ready(court)
    plain = await client.credential(token)
    assert (plain.status, plain.error) == (400, "invalid_encryption_parameters")
    half = await send(client, token, encrypted(key, await request(client, credential_response_encryption=None)))
    assert half.error == "invalid_encryption_parameters"
    assert opened(await send(client, token, encrypted(key, await request(client))))
    metadata = await client.wallet.metadata(court.issuer)
    assert metadata["credential_response_encryption"]["encryption_required"] is True


async def test_c12_envelopes_that_are_not_ours_are_refused(court: Court) -> None:
    client, token, key = await ready(court)
    body = await request(client)
    for jwe in (
        "x",
        "a.b.c.d.e",
        encrypted(key, body, kid="another"),
        encrypted(key, body, kid=None),
        encrypted(key, body, alg="ECDH-ES+A256KW"),
        encrypted(key, body, enc="A128CBC-HS256"),
        encrypted(key, b"no json"),
        encrypted(key, b"[]"),
        encrypted(key, b"[" * 5_000),
        f"{b64(json.dumps({'alg': 'dir', 'enc': 'A128GCM', 'kid': key['kid']}).encode())}..AAAA.AAAA.AAAA",
        f"{b64(json.dumps({'alg': 'PBES2-HS256+A128KW', 'enc': 'A128GCM', 'p2c': 10**9, 'kid': key['kid']}).encode())}"
        ".AAAA.AAAA.AAAA.AAAA",
    ):
        answer = await send(client, token, jwe)
        assert answer.status == 400, jwe[:80]
        assert answer.error in ("invalid_encryption_parameters", "invalid_credential_request"), jwe[:80]


async def test_c12_a_bomb_is_not_inflated(court: Court) -> None:
    client, token, key = await ready(court)
    bomb = b'{"x":"' + b"A" * 50_000_000 + b'"}'
    assert len(zlib.compress(bomb)) < 100_000
    answer = await send(client, token, encrypted(key, bomb, zip="DEF"))
    assert (answer.status, answer.error) == (400, "invalid_credential_request")
