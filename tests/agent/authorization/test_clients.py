"""Client authentication (attestation-based, private_key_jwt; abuse cases B9 to B13), and HAIP."""

import base64
import time
from typing import Any

import pytest

from tests.authorizing import Client, Person, WalletProvider, self_signed
from tests.courts import Court
from tests.wallets import HolderKey, Wallet, b64, compact

STRANGER = WalletProvider()


async def push(client: Client, attestation: dict[str, Any] | None = None, pop: dict[str, Any] | None = None) -> Any:
    assert client.provider
    headers = client.headers("POST", f"{client.issuer}/par")
    headers["OAuth-Client-Attestation"] = client.provider.attest(
        client.client_id, client.instance, **(attestation or {})
    )
    headers["OAuth-Client-Attestation-PoP"] = client.pop(**(pop or {}))
    return await client.push(headers)


async def test_an_attested_wallet_needs_no_registration(court: Court) -> None:
    client = court.attested()
    token = await client.obtain()
    assert token.status == 200, token
    assert (await client.credential(token.body["access_token"])).status == 200


@pytest.mark.parametrize(("attestation", "pop"), [({"iss": None}, {"iss": None}), ({"iat": 1}, {"other": "claim"})])
async def test_both_forms_of_the_draft_are_read(court: Court, attestation: Any, pop: Any) -> None:
    assert (await push(court.attested(), attestation, pop)).status == 201


now = int(time.time())
ATTESTATIONS: dict[str, Any] = {
    "no sub": {"sub": None},
    "sub of another client": {"sub": "https://other.example"},
    "no exp": {"exp": None},
    "expired": {"exp": now - 600},
    "no cnf": {"cnf": None},
    "cnf without jwk": {"cnf": {"kid": "x"}},
    "cnf with a private key": {"cnf": {"jwk": {**HolderKey().jwk, "d": "AAAA"}}},
    "cnf of another key": {"cnf": {"jwk": HolderKey().jwk}},
    "chain of a stranger": {"header": {"x5c": STRANGER.x5c}},
    "no chain and unknown iss": {"header": {"x5c": None}},
    "wrong typ": {"header": {"typ": "JWT"}},
}
POPS: dict[str, Any] = {
    "signed by another key": {"key": HolderKey()},
    "no aud": {"aud": None},
    "aud of another server": {"aud": "https://other.example"},
    "aud of the token endpoint": {"aud": "TOKEN"},
    "aud as an array": {"aud": ["ISSUER"]},
    "no jti": {"jti": None},
    "no iat": {"iat": None},
    "old": {"iat": now - 3600},
    "to come": {"iat": now + 3600},
    "iss of another client": {"iss": "https://other.example"},
    "wrong typ": {"header": {"typ": "JWT"}},
}


async def test_b11_an_attestation_with_a_fault_is_refused(court: Court) -> None:
    for fault, changes in ATTESTATIONS.items():
        refused = await push(court.attested(), changes)
        assert refused.status in (400, 401), fault
        expected = "use_fresh_attestation" if fault == "expired" else "invalid_client_attestation"
        assert refused.error == expected, fault


def meant_for(court: Court, changes: dict[str, Any]) -> dict[str, Any]:
    """The changes, with the words for audiences made real."""
    audiences: dict[str, Any] = {"TOKEN": f"{court.issuer}/token", "['ISSUER']": [court.issuer]}
    named = str(changes.get("aud"))
    return {**changes, "aud": audiences[named]} if named in audiences else changes


async def test_b9_b11_a_proof_of_possession_with_a_fault_is_refused(court: Court) -> None:
    for fault, changes in POPS.items():
        refused = await push(court.attested(), None, meant_for(court, changes))
        assert (refused.status, refused.error) == (401, "invalid_client_attestation"), fault


async def test_b11_a_broken_signature_is_refused(court: Court) -> None:
    client = court.attested()
    for name in ("OAuth-Client-Attestation", "OAuth-Client-Attestation-PoP"):
        headers = client.headers("POST", f"{court.issuer}/par")
        body, _, signature = headers[name].rpartition(".")
        headers[name] = f"{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
        assert (await client.push(headers)).error == "invalid_client_attestation"


async def test_b11_a_wallet_provider_is_believed_until_its_anchor_is_withdrawn(court: Court) -> None:
    client = court.attested()
    authorized = await client.authorize()
    token = (await client.obtain()).body
    _, listed = await court.site.api("GET", "/trust-anchors")
    (anchor,) = [one for one in listed["items"] if one["name"] == "provider"]
    assert anchor["roles"] == ["attest_wallet"]
    path = f"/trust-anchors/{anchor['id']}"
    assert (await court.site.api("DELETE", path))[0] == 204
    assert (await push(client)).error == "invalid_client_attestation"
    assert (await client.redeem(authorized["code"])).error == "invalid_client_attestation"
    assert (await client.refresh(token["refresh_token"])).error == "invalid_client_attestation"
    assert (await court.site.api("DELETE", path))[0] == 404
    assert await court.events("trust_anchor.withdrawn") == ["trust_anchor.withdrawn"]
    body = {"certificate": court.provider.pem, "roles": ["attest_wallet"], "name": "provider"}
    status, again = await court.site.api("POST", "/trust-anchors", body)
    assert (status, again["id"]) == (201, anchor["id"])
    assert (await push(client)).status == 201


async def test_an_anchor_is_its_own_tenants_and_adds_roles(court: Court) -> None:
    _, listed = await court.site.api("GET", "/trust-anchors")
    (anchor,) = [one for one in listed["items"] if one["name"] == "provider"]
    status, _ = await court.site.api("DELETE", f"/trust-anchors/{anchor['id']}", key=court.site.beta.api_key)
    assert status == 404
    body = {"certificate": court.provider.pem, "roles": ["issue"], "name": "provider"}
    assert (await court.site.api("POST", "/trust-anchors", body))[1]["id"] == anchor["id"]
    _, listed = await court.site.api("GET", "/trust-anchors")
    (anchor,) = [one for one in listed["items"] if one["name"] == "provider"]
    assert anchor["roles"] == ["attest_wallet", "issue"]
    assert (await push(court.attested())).status == 201


async def test_b10_a_proof_of_possession_is_used_once(court: Court) -> None:
    client = court.attested()
    headers = client.headers("POST", f"{court.issuer}/par")
    assert (await client.push(headers)).status == 201
    headers |= {"DPoP": client.headers("POST", f"{court.issuer}/par")["DPoP"]}
    again = await client.push(headers)
    assert (again.status, again.error) == (401, "invalid_client")


async def test_b10_a_challenge_has_to_be_ours_and_fresh(court: Court) -> None:
    client = court.attested()
    answer = await client.wallet.send("POST", f"{court.issuer}/challenge")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert (await push(client, None, {"challenge": answer.body["attestation_challenge"]})).status == 201
    stale = await push(client, None, {"challenge": "made up"})
    assert (stale.status, stale.error) == (400, "use_attestation_challenge")
    fresh = stale.headers["OAuth-Client-Attestation-Challenge"]
    assert (await push(client, None, {"challenge": fresh})).status == 201
    await court.configure(policy={"require_attestation_challenge": True})
    assert (await push(client)).error == "use_attestation_challenge"


async def test_b12_where_attestation_is_required_leaving_it_out_is_no_way_around(court: Court) -> None:
    await court.configure(profiles=["haip-1.0"])
    public, attested = court.bound(), court.attested()
    assert (await public.push()).error == "invalid_client"
    answer = await attested.authorize()
    headers = {"DPoP": attested.headers("POST", f"{court.issuer}/token")["DPoP"]}
    assert (await attested.redeem(answer["code"], headers)).status in (400, 401)
    _, made = await court.site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]})
    offer = await public.wallet.offer(made["credential_offer_uri"])
    assert (await Wallet(court.site.session).token(offer)).error == "invalid_client"
    assert (await attested.redeem(answer["code"])).status == 200


async def test_haip_says_and_enforces_what_it_demands(court: Court) -> None:
    await court.configure(profiles=["openid4vci-1.0", "haip-1.0"])
    url = f"{court.site.url}/.well-known/oauth-authorization-server/t/alpha"
    metadata = (await Wallet(court.site.session).send("GET", url)).body
    assert metadata["require_pushed_authorization_requests"] is True
    assert metadata["token_endpoint_auth_methods_supported"] == ["attest_jwt_client_auth"]
    assert metadata["pre-authorized_grant_anonymous_access_supported"] is False
    assert {"ES256"} <= set(metadata["client_attestation_signing_alg_values_supported"])
    async with court.site.session.get(
        f"{court.issuer}/authorize", params=court.client().parameters(), allow_redirects=False
    ) as answer:
        assert answer.status == 400
    undpoped = court.attested()
    undpoped.key = None
    answer = await undpoped.authorize()
    assert (await undpoped.redeem(answer["code"])).error == "invalid_dpop_proof"
    token = await court.attested().obtain()
    assert token.status == 200
    assert token.body["token_type"] == "DPoP"


async def test_a_code_is_bound_to_the_instance_that_pushed(court: Court) -> None:
    client = court.attested()
    answer = await client.authorize()
    client.instance, first = HolderKey(), client.instance
    assert (await client.redeem(answer["code"])).error == "invalid_grant"
    client.instance = first
    assert (await client.redeem(answer["code"])).status == 200


# ------------------------------------------------------------------------------------------------------ private_key_jwt
KEY = HolderKey()


def assertion(issuer: str, **changes: Any) -> dict[str, str]:
    key = changes.pop("key", KEY)
    claims = {
        "iss": "portal",
        "sub": "portal",
        "aud": issuer,
        "jti": b64(compact(time.time_ns())),
        "exp": int(time.time()) + 60,
    }
    token = key.jwt(changes.pop("header", {}), {n: v for n, v in (claims | changes).items() if v is not None})
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return {"client_assertion": token, "client_assertion_type": kind}


async def portal(court: Court) -> Client:
    body = {
        "client_id": "portal",
        "name": "Portal",
        "method": "private_key_jwt",
        "jwks": [KEY.jwk],
        "redirect_uris": ["https://wallet.example/cb"],
    }
    status, answer = await court.site.api("POST", "/clients", body)
    assert status == 201, answer
    return court.client(client_id="portal")


async def test_a_registered_key_authenticates(court: Court) -> None:
    client = await portal(court)
    answer = await client.authorize(**assertion(court.issuer))
    assert (await client.redeem(answer["code"], **assertion(court.issuer))).status == 200


async def test_b9_an_assertion_with_a_fault_is_refused(court: Court) -> None:
    faults: list[dict[str, Any]] = [
        {"key": HolderKey()},
        {"aud": "TOKEN"},
        {"aud": ["ISSUER"]},
        {"aud": None},
        {"iss": "other"},
        {"sub": "other", "iss": "other"},
        {"exp": None},
        {"exp": now - 600},
        {"exp": now + 86_400},
        {"iat": now + 3600},
        {"nbf": now + 3600},
        {"jti": None},
        {"header": {"typ": "dpop+jwt"}},
    ]
    client = await portal(court)
    for changes in faults:
        refused = await client.push(**assertion(court.issuer, **meant_for(court, changes)))
        assert (refused.status, refused.error) == (401, "invalid_client"), changes


@pytest.mark.parametrize("name", ["iat", "nbf"])
async def test_a_clients_clock_may_be_ten_seconds_ahead(court: Court, name: str) -> None:
    """FAPI 2.0 Security Profile, 5.3.2.1."""
    client = await portal(court)
    assert (await client.push(**assertion(court.issuer, **{name: int(time.time()) + 10}))).status == 201


async def test_b10_an_assertion_is_used_once(court: Court) -> None:
    client, shown = await portal(court), assertion(court.issuer)
    assert (await client.push(**shown)).status == 201
    assert (await client.push(**shown)).error == "invalid_client"


async def test_b12_a_client_uses_its_registered_method(court: Court) -> None:
    client = await portal(court)
    assert (await client.push()).error == "invalid_client"
    assert (await court.client(client_id="wallet", provider=court.provider).push()).error == "invalid_client"


# ------------------------------------------------------------------------------------------------------------ mutual TLS
def certificate_of(key: HolderKey) -> str:
    """As a proxy passes it (RFC 9440)."""
    made = self_signed("portal", key)
    return f":{base64.b64encode(made).decode()}:"


@pytest.mark.parametrize("settings", [{"client_certificate_header": "Client-Cert"}])
async def test_a_certificate_authenticates_and_binds_the_token(court: Court) -> None:
    method = "self_signed_tls_client_auth"
    body = {"client_id": "portal", "name": "Portal", "method": method, "jwks": [KEY.jwk]}
    status, answer = await court.site.api("POST", "/clients", {**body, "redirect_uris": ["https://wallet.example/cb"]})
    assert status == 201, answer
    url = f"{court.site.url}/.well-known/oauth-authorization-server/t/alpha"
    shown = (await court.client().wallet.send("GET", url)).body
    assert "self_signed_tls_client_auth" in shown["token_endpoint_auth_methods_supported"]
    assert shown["tls_client_certificate_bound_access_tokens"] is True
    client, own = court.client(client_id="portal"), {"Client-Cert": certificate_of(KEY)}
    other = {"Client-Cert": certificate_of(HolderKey())}
    assert (await client.push()).error == "invalid_client"
    assert (await client.push(other)).error == "invalid_client"
    assert (await client.push({"Client-Cert": "x"})).status == 400
    pushed = await client.push(own)
    code = (await Person(court.site.session, court.issuer).answer("portal", pushed.body["request_uri"]))["code"]
    assert (await client.redeem(code, other)).error == "invalid_client"
    token = (await client.redeem(code, own)).body["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await client.credential(token, bearer)).status == 401
    assert (await client.credential(token, bearer | other)).status == 401
    assert (await client.credential(token, bearer | own)).status == 200


async def test_b17_without_a_proxy_the_header_is_nobodys_word(court: Court) -> None:
    body = {"client_id": "portal", "name": "Portal", "jwks": [KEY.jwk], "redirect_uris": ["https://wallet.example/cb"]}
    by_certificate = {**body, "method": "self_signed_tls_client_auth"}
    assert (await court.site.api("POST", "/clients", by_certificate))[0] == 422
    assert (await court.site.api("POST", "/clients", body))[0] == 201
    admin = await court.site.database.connect_admin()  # a client of the time when there was a proxy
    await admin.execute(
        "UPDATE agent.oauth_clients SET authentication_method = $1 WHERE client_id = 'portal'", by_certificate["method"]
    )
    await admin.close()
    assert (await court.client(client_id="portal").push({"Client-Cert": certificate_of(KEY)})).error == "invalid_client"
