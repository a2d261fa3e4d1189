"""A bug for each check of a verifier."""

import secrets
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from tests.faults.front import (
    Answered,
    Asked,
    Bug,
    Forward,
    accepts,
    always,
    header,
    jwt,
    member,
    put,
    refuses,
    repeats,
    turned,
)
from tests.faults.issuer import stranger

KEY = {"kty": "EC", "crv": "P-256", "alg": "ECDH-ES", "use": "enc", "kid": "1"}
POINT = {
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}


def request(**claims: Any) -> Bug:
    """Claims of the Request Object set, or taken away when there is no value."""
    return jwt(lambda _, found: [put(found, name, value) for name, value in claims.items()] and None)


def metadata(**members: Any) -> Bug:
    """Members of its client_metadata."""
    return jwt(
        lambda _, found: [put(found["client_metadata"], name, value) for name, value in members.items()] and None
    )


def authorization_request(**parameters: str | None) -> Bug:
    """Parameters of the printed link."""

    def changed(answer: Answered) -> Answered:
        document = answer.json
        uri = urlsplit(document["authorization_request_uri"])
        given: dict[str, Any] = {name: values[0] for name, values in parse_qs(uri.query).items()}
        for name, value in parameters.items():
            put(given, name, value)
        pairs = "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items())
        return answer.with_json({**document, "authorization_request_uri": f"openid4vp://?{pairs}"})

    return always(changed)


async def serves_once(asked: Asked, forward: Forward, memory: dict[str, Any]) -> Answered:
    """The Request Object for the first GET only."""
    if asked.target in memory:
        return Answered(410, {"Content-Type": "application/json"}, b"{}")
    memory[asked.target] = True
    return await forward(asked)


async def tells_what_is_wrong(asked: Asked, forward: Forward, _memory: dict[str, Any]) -> Answered:
    """A refusal that speaks."""
    answer = await forward(asked)
    return answer if answer.good else answer.with_json({**answer.json, "error_description": secrets.token_hex(8)})


def unlisted(name: str) -> Bug:
    """Another encoding only."""
    return metadata(encrypted_response_enc_values_supported=[name])


VERIFIER: Mapping[str, tuple[str, Bug]] = {
    # Authorization Request and Request Object
    "request-uri": ("make-request", authorization_request(request_uri="http://verifier.example/request")),
    "request-media-type": ("request-object", header("Content-Type", "application/jwt")),
    "request-typ": ("request-object", jwt(lambda head, _: head.update(typ="JWT"))),
    "request-client-id": ("request-object", request(client_id="x509_hash:other")),
    "request-refetchable": ("request-object", serves_once),
    "request-x509-hash": ("request-object", jwt(lambda head, _: head.update(x5c=[stranger()]))),
    "request-x509-san-dns": ("request-object", jwt(lambda head, _: head.update(x5c=[stranger()]))),
    "request-signature": (
        "request-object",
        always(lambda answer: Answered(answer.status, answer.headers, turned(answer.body.decode()).encode())),
    ),
    "request-chain": ("request-object", jwt(lambda head, _: head.update(x5c=[stranger()]))),
    "request-chain-without-root": ("request-object", jwt(lambda head, _: head["x5c"].append(stranger()))),
    "request-response": ("request-object", request(response_type="vp_token id_token")),
    "request-forbidden": ("request-object", request(redirect_uri="https://verifier.example/done")),
    "request-audience": ("request-object", request(aud="https://wallet.example")),
    "request-times": ("request-object", request(exp=4_000_000_000)),
    "request-nonce": ("request-object", request(nonce="n" * 32)),
    "request-state-fresh": ("request-object", request(state="s" * 32)),
    "request-encryption-key": ("request-object", metadata(jwks={"keys": [{**KEY, **POINT, "kid": None}]})),
    "request-encryption-key-fresh": ("request-object", metadata(jwks={"keys": [{**KEY, **POINT}]})),
    "request-encryption-encodings": ("request-object", unlisted("A128GCM")),
    "request-vp-formats": ("request-object", metadata(vp_formats_supported={"dc+sd-jwt": {"sd-jwt_alg_values": [-7]}})),
    "request-dcql": (
        "request-object",
        request(dcql_query={"credentials": [{"id": "p i d", "format": "dc+sd-jwt", "meta": {"vct_values": ["x"]}}]}),
    ),
    # Responses
    "response-direct-post": ("response", refuses()),
    "response-direct-post-jwt": ("response", refuses(when=lambda asked: "response" in asked.form)),
    "response-direct-post-jwt-a256gcm": ("response", refuses(when=lambda asked: "A256GCM" in encoding(asked))),
    "response-members": ("response", member("status", "ok")),
    "response-unknown-parameter": ("response", refuses(when=lambda asked: "undefined_parameter" in asked.form)),
    "response-replay": ("response", repeats(lambda asked: asked.body.decode())),
    "response-query-id": ("response", accepts({})),
    "response-not-an-array": ("response", accepts({})),
    "response-two-presentations": ("response", accepts({})),
    "response-empty": ("response", accepts({})),
    "response-encrypted-to-another-key": ("response", accepts({})),
    "response-refusal-json": ("response", header("Content-Type", "text/plain")),
    "response-refusal-oracle": ("response", tells_what_is_wrong),
}


def encoding(asked: Asked) -> str:
    """The header of the JWE, as JSON."""
    head = asked.form.get("response", "").partition(".")[0]
    return urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode()
