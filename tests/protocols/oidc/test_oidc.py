"""OpenID Connect, pure: what the documents say, and which key may have signed."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from protocols.oidc import authentication, id_token, provider_metadata, token
from protocols.oidc.authentication import AuthenticationRequest
from protocols.oidc.errors import InvalidIdToken, ProviderUnusable, SignInFailed
from protocols.oidc.id_token import Expected
from tests.wallets import HolderKey

ISSUER = "https://provider.example"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize?tenant=1",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "us",
    "sub": "1",
    "nonce": "n",
    "iat": NOW.timestamp(),
    "exp": NOW.timestamp() + 60,
}


def read(**changes: Any) -> provider_metadata.ProviderMetadata:
    return provider_metadata.read(json.dumps(DOCUMENT | changes).encode(), ISSUER)


def test_at_hash_is_that_of_the_specifications_own_example() -> None:
    """OpenID Connect Core 1.0, A.3: an access token and the at_hash beside it."""
    access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"  # published
    assert id_token.half_hash(access_token, "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"


def test_the_document_lies_below_the_issuer() -> None:
    assert provider_metadata.location("https://provider.example/tenant/") == (
        "https://provider.example/tenant/.well-known/openid-configuration"
    )


def test_rs256_is_meant_where_nothing_is_said() -> None:
    assert read().algorithms == {"RS256"}
    assert read(id_token_signing_alg_values_supported=["none", "HS256", "ES256", 7]).algorithms == {"ES256"}


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": f"{ISSUER}/"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "https://user:secret@provider.example/token"},
        {"jwks_uri": f"{ISSUER}/keys#x"},
        {"userinfo_endpoint": 1},
        {"id_token_signing_alg_values_supported": "RS256"},
        {"id_token_signing_alg_values_supported": ["none"]},
    ],
)
def test_a_document_that_cannot_be_used(changes: dict[str, Any]) -> None:
    with pytest.raises(ProviderUnusable):
        read(**changes)


def test_the_request_keeps_the_endpoints_own_query_and_hides_the_verifier() -> None:
    # RFC 7636, appendix B: verifier and challenge
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    request = AuthenticationRequest("us", "https://we.example/cb", "openid", "s", "n", verifier)
    address = authentication.render(request, read())
    assert address.startswith(f"{ISSUER}/authorize?tenant=1&response_type=code&")
    assert "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" in address
    assert verifier not in address


def test_who_answers_is_asked_before_what() -> None:
    named = read(authorization_response_iss_parameter_supported=True)
    for answer in ({"code": "c"}, {"code": "c", "iss": "https://evil.example"}, {"error": "x", "iss": ISSUER}):
        with pytest.raises(SignInFailed):
            authentication.read_code(answer, named)
    assert authentication.read_code({"code": "c", "iss": ISSUER}, named) == "c"
    assert authentication.read_code({"code": "c"}, read()) == "c"


def test_without_a_kid_only_a_lone_key_fits() -> None:
    first, second = ({**HolderKey().jwk, "kid": name} for name in "ab")
    assert provider_metadata.candidates([first], None, "ES256") == [first]
    assert provider_metadata.candidates([first, second], None, "ES256") == []
    assert provider_metadata.candidates([first, second], "b", "ES256") == [second]
    assert provider_metadata.candidates([first], "a", "RS256") == []
    assert provider_metadata.candidates([first | {"alg": "ES384"}], "a", "ES256") == []


def test_keys_that_cannot_be_used_are_passed_over() -> None:
    good = HolderKey().jwk
    keys = [good, {"kty": "oct", "k": "AAAA"}, {**good, "use": "enc"}, {**good, "d": "AAAA"}, "x", {"kty": "EC"}]
    assert provider_metadata.read_keys(json.dumps({"keys": keys}).encode()) == (good,)


@pytest.mark.parametrize("later", [-61, 119])
def test_clocks_may_differ_by_a_minute(later: int) -> None:
    key = HolderKey()
    signed = key.jwt({"kid": "1"}, CLAIMS)
    now = datetime.fromtimestamp(NOW.timestamp() + later, UTC)
    opened, keys = id_token.open_id_token(signed), [{**key.jwk, "kid": "1"}]
    expected = Expected(ISSUER, "us", "n", {"ES256"}, now)
    if later > 0:
        assert id_token.verify(opened, keys, expected, "")["sub"] == "1"
    else:
        with pytest.raises(InvalidIdToken):
            id_token.verify(opened, keys, expected, "")


def test_what_only_the_protocol_needs_is_not_kept() -> None:
    assert id_token.personal({**CLAIMS, "azp": "us", "acr": "1", "given_name": "Erika"}) == {"given_name": "Erika"}


def test_basic_authentication_escapes_each_part_as_a_form_does() -> None:
    proof = token.secret_basic("a b", "c:d/é")
    assert proof.headers == {"Authorization": "Basic YStiOmMlM0FkJTJGJUMzJUE5"}
    assert proof.form == {}


@pytest.mark.parametrize("body", [b"x", b"{}", b'{"id_token":1,"access_token":"a","token_type":"Bearer"}'])
def test_a_token_response_without_an_id_token(body: bytes) -> None:
    with pytest.raises(SignInFailed):
        token.read(200, body)


def test_userinfo_is_of_the_same_person_and_json() -> None:
    assert token.read_userinfo(200, "application/json", b'{"sub":"1"}', "1") == {"sub": "1"}
    for status, media, body in (
        (200, "application/json", b'{"sub":"2"}'),
        (200, "application/jwt", b'{"sub":"1"}'),
        (401, "application/json", b'{"sub":"1"}'),
        (200, "application/json", b"["),
    ):
        with pytest.raises(SignInFailed):
            token.read_userinfo(status, media, body, "1")
