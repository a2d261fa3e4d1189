"""The rest of the certification suite's list for DPoP: what it refuses, what it must take; and how long things live."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from agent.operations.signing_in import decide
from protocols.oauth import authorization_request, dpop
from protocols.oauth.dpop import PresentedProof
from protocols.oauth.errors import InvalidDpopProof
from tests import authorizing
from tests.courts import Court
from tests.wallets import HolderKey, b64, compact

URL = "https://issuer.example/t/a/credential"
KEY = HolderKey()


def checked(now: float, url: str = URL, **changes: Any) -> bytes:
    proof = authorizing.dpop(KEY, "POST", url, "token", **{"iat": int(now), **changes})
    return dpop.verify(PresentedProof(proof, "POST", URL), datetime.fromtimestamp(now, UTC), "token").thumbprint


@pytest.mark.parametrize(
    "url",
    [
        URL,
        URL + "?a=b",
        URL + "#c",
        "https://issuer.example:443/t/a/credential",
        "HTTPS://issuer.example/t/a/credential",
        "https://ISSUER.example/t/a/credential",
    ],
)
def test_every_form_of_the_address_is_taken(url: str) -> None:
    assert checked(time.time(), url)


@pytest.mark.parametrize(
    "changes",
    [
        {"nbf": 0},
        {"exp": 4_000_000_000},
        {"unknown": {"a": 1}},
        {"header": {"kid": "x"}},
        {"header": {"unknown": 1}},
        {"header": {"jwk": {**KEY.jwk, "kid": "1", "use": "sig", "alg": "ES256"}}},
    ],
)
def test_what_is_not_asked_for_is_no_fault(changes: dict[str, Any]) -> None:
    assert checked(time.time(), **changes)


@pytest.mark.parametrize("shift", [-60, -10, 10, 60])
def test_the_clock_may_differ_by_a_minute(shift: int) -> None:
    now = float(int(time.time()))
    assert checked(now, iat=int(now) + shift)


@pytest.mark.parametrize(
    ("url", "changes"),
    [
        ("http://issuer.example/t/a/credential", {}),
        ("https://issuer.example:8443/t/a/credential", {}),
        ("https://issuer.example/t/a/credential/", {}),
        ("https://issuer.example/t/A/credential", {}),
        ("https://user@issuer.example/t/a/credential", {}),
        ("https://issuer.example.evil.example/t/a/credential", {}),
        ("/t/a/credential", {}),
        ("", {}),
        (URL, {"htm": "post"}),
        (URL, {"htm": ["POST"]}),
        (URL, {"htu": [URL]}),
        (URL, {"jti": ""}),
        (URL, {"jti": "x" * 513}),
        (URL, {"ath": b64(bytes(32))}),
        (URL, {"ath": 7}),
        (URL, {"nonce": 7}),
        (URL, {"iat": True}),
        (URL, {"iat": 1e300}),
        (URL, {"iat": -1}),
        (URL, {"iat": 4_000_000_000}),
        (URL, {"nbf": 4_000_000_000}),
        (URL, {"exp": 1}),
        (URL, {"header": {"alg": ""}}),
        (URL, {"header": {"alg": "ES384"}}),
        (URL, {"header": {"jwk": "x"}}),
        (URL, {"header": {"jwk": {}}}),
        (URL, {"header": {"jwk": {"kty": "oct", "k": "AAAA"}}}),
        (URL, {"header": {"jwk": {**KEY.jwk, "y": KEY.jwk["x"]}}}),
        (URL, {"header": {"crit": ["exp"]}}),
        (URL, {"header": {"typ": "DPOP+JWT2"}}),
    ],
)
def test_b15_the_rest_of_the_list_is_refused(url: str, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidDpopProof):
        checked(time.time(), url, **changes)


@pytest.mark.parametrize("shift", [-62, 62])
def test_b15_more_than_a_minute_is_too_much(shift: int) -> None:
    now = float(int(time.time()))
    with pytest.raises(InvalidDpopProof):
        checked(now, iat=int(now) + shift)


def test_b15_rs256_is_refused_with_a_good_signature_too() -> None:
    private = rsa.generate_private_key(65537, 2048)
    numbers = private.public_key().public_numbers()
    jwk = {"kty": "RSA", "e": b64(numbers.e.to_bytes(3, "big")), "n": b64(numbers.n.to_bytes(256, "big"))}
    claims = {"jti": "1", "htm": "POST", "htu": URL, "iat": int(time.time())}
    for algorithm, scheme, taken in (
        ("RS256", padding.PKCS1v15(), False),
        ("PS256", padding.PSS(padding.MGF1(hashes.SHA256()), 32), True),
    ):
        text = f"{b64(compact({'alg': algorithm, 'typ': 'dpop+jwt', 'jwk': jwk}))}.{b64(compact(claims))}"
        proof = f"{text}.{b64(private.sign(text.encode(), scheme, hashes.SHA256()))}"  # type: ignore[arg-type]
        presented = PresentedProof(proof, "POST", URL)
        if taken:
            assert dpop.verify(presented, datetime.now(UTC))
        else:
            with pytest.raises(InvalidDpopProof):
                dpop.verify(presented, datetime.now(UTC))


async def test_two_authorization_headers_and_a_foreign_tokens_hash_are_refused(court: Court) -> None:
    client = court.bound()
    first, second = [(await client.obtain()).body["access_token"] for _ in range(2)]
    url = f"{court.issuer}/credential"
    crossed = {"Authorization": f"DPoP {first}", "DPoP": authorizing.dpop(client.key, "POST", url, second)}  # type: ignore[arg-type]
    refused = await client.credential(first, crossed)
    assert (refused.status, refused.error) == (401, "invalid_dpop_proof")
    headers = [("Authorization", f"DPoP {first}"), ("Authorization", f"DPoP {second}")]
    async with court.site.session.post(url, json={"credential_configuration_id": "pid"}, headers=headers) as answer:
        assert answer.status == 401


async def test_codes_and_request_uris_live_a_minute_at_most(court: Court) -> None:
    assert timedelta(seconds=60) >= authorization_request.LIFETIME
    assert timedelta(seconds=60) >= decide.CODE_LIFETIME
    client = court.client()
    pushed = await client.push()
    assert 5 <= pushed.body["expires_in"] <= 60
    await client.authorize()
    admin = await court.site.database.connect_admin()
    longest = await admin.fetchval(
        "SELECT max(code_expires_at - updated_at) FROM agent.issuances WHERE state = 'authorizing'"
    )
    requests = await admin.fetchval("SELECT max(expires_at - created_at) FROM agent.pushed_authorization_requests")
    await admin.close()
    assert longest < timedelta(seconds=61)
    assert requests < timedelta(seconds=61)  # the two ends are of two clocks


async def test_metadata_says_nothing_that_is_off_and_a_scope_for_everything(court: Court) -> None:
    display = [{"name": "Alpha", "locale": "en", "logo": {"uri": "https://alpha.example/logo.png"}}]
    display.append({"name": "Alfa", "locale": "de"})
    await court.configure(profiles=["openid4vci-1.0", "haip-1.0"], display=display)
    admin = await court.site.database.connect_admin()
    await admin.execute("UPDATE agent.credential_configurations SET scope = NULL")
    await admin.close()
    court.site.house.cache.clear()
    wallet = court.client().wallet
    issuer = await wallet.metadata(court.issuer)
    server = (await wallet.send("GET", f"{court.site.url}/.well-known/oauth-authorization-server/t/alpha")).body
    assert issuer["display"] == display
    configurations = issuer["credential_configurations_supported"]
    assert all(one["scope"] for one in configurations.values())
    assert {one["scope"] for one in configurations.values()} <= set(server["scopes_supported"])
    for configuration in configurations.values():
        assert ("cryptographic_binding_methods_supported" in configuration) == (
            "proof_types_supported" in configuration
        )
        assert all(claim["path"] for claim in configuration["credential_metadata"]["claims"])
    assert issuer["nonce_endpoint"]
    assert server["token_endpoint_auth_methods_supported"] == ["attest_jwt_client_auth"]
    assert server["require_pushed_authorization_requests"] is True
    addresses = [
        value for document in (issuer, server) for name, value in document.items() if name.endswith("endpoint")
    ]
    addresses.append(server["jwks_uri"])
    for url in addresses:
        answers = [(await wallet.send(method, url)).status for method in ("GET", "POST")]
        assert any(status not in (404, 405) for status in answers), url


@pytest.mark.parametrize(
    "display",
    [
        [],
        [{"locale": "en"}],
        [{"name": "A", "locale": "en"}, {"name": "B", "locale": "en"}],
        [{"name": "A", "locale": "not a language"}],
        [{"name": "A", "logo": {"uri": "javascript:alert(1)"}}],
        [{"name": "A", "logo": {"uri": "http://alpha.example/logo.png"}}],
    ],
)
async def test_a_display_that_no_wallet_could_show_is_refused(court: Court, display: Any) -> None:
    assert (await court.site.api("PATCH", "/issuer", {"display": display}))[0] == 422
