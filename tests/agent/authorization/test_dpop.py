"""DPoP at the push, the token, the credential and the notification (RFC 9449; abuse cases B14 to B17)."""

import copy
import time
from typing import Any

import pytest

from tests.authorizing import Client, dpop
from tests.courts import Court
from tests.wallets import PRE_AUTHORIZED, HolderKey, b64, code_of, compact

OTHER = HolderKey()


async def bound_token(client: Client) -> str:
    token = await client.obtain()
    assert token.status == 200, token
    assert token.body["token_type"] == "DPoP"
    return str(token.body["access_token"])


async def test_a_bound_token_works_with_its_key(court: Court) -> None:
    client = court.bound()
    token = await bound_token(client)
    issued = await client.credential(token)
    assert issued.status == 200, issued
    url = f"{court.issuer}/notification"
    body = {"notification_id": issued.body["notification_id"], "event": "credential_accepted"}
    bare = await client.wallet.send("POST", url, json=body, headers={"Authorization": f"Bearer {token}"})
    assert bare.status == 401
    headers = {"Authorization": f"DPoP {token}", "DPoP": dpop(client.key, "POST", url, token)}
    assert (await client.wallet.send("POST", url, json=body, headers=headers)).status == 204


async def test_a_pre_authorized_code_can_be_bound_too(court: Court) -> None:
    _, made = await court.site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]})
    client = court.bound()
    offer = await client.wallet.offer(made["credential_offer_uri"])
    form: dict[str, Any] = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code_of(offer), "client_id": None}
    token = await client.token(**form)
    assert token.body["token_type"] == "DPoP"
    assert (await client.credential(token.body["access_token"])).status == 200


def _signed(header: dict[str, Any]) -> str:
    return f"{b64(compact(header))}.{b64(b'{}')}.{b64(bytes(64))}"


def proof_of(client: Client, url: str, token: str, **changes: Any) -> str:
    assert client.key
    return dpop(client.key, "POST", url, token, **changes)


BAD: dict[str, Any] = {
    "typ missing": {"header": {"typ": None}},
    "typ wrong": {"header": {"typ": "JWT"}},
    "jwk missing": {"header": {"jwk": None}},
    "jwk with its private part": {"header": {"jwk": {**OTHER.jwk, "d": "AAAA"}}},
    "jwk of another key": {"header": {"jwk": OTHER.jwk}},
    "jti missing": {"jti": None},
    "jti no string": {"jti": 7},
    "htm missing": {"htm": None},
    "htm wrong": {"htm": "GET"},
    "htu missing": {"htu": None},
    "htu wrong path": {"htu": "http://localhost/t/alpha/token"},
    "htu wrong host": {"htu": "https://evil.example/t/alpha/credential"},
    "iat missing": {"iat": None},
    "iat old": {"iat": int(time.time()) - 3600},
    "iat to come": {"iat": int(time.time()) + 3600},
    "iat no number": {"iat": "now"},
    "ath missing": {"ath": None},
    "ath wrong": {"ath": "x"},
    "exp past": {"exp": int(time.time()) - 3600},
}


async def test_b15_a_proof_with_a_fault_is_refused(court: Court) -> None:
    client = court.bound()
    token, url = await bound_token(client), f"{court.issuer}/credential"
    for fault, changes in BAD.items():
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof_of(client, url, token, **copy.deepcopy(changes))}
        refused = await client.credential(token, headers)
        assert (refused.status, refused.error) == (401, "invalid_dpop_proof"), fault
        assert refused.headers["WWW-Authenticate"].startswith("DPoP "), fault


async def test_b15_what_is_no_proof_is_refused(court: Court) -> None:
    client = court.bound()
    token = await bound_token(client)
    for proof in (
        "",
        "x",
        "a.b",
        _signed({"typ": "dpop+jwt", "alg": "none", "jwk": OTHER.jwk}),
        _signed({"typ": "dpop+jwt", "alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}}),
        _signed({"typ": "dpop+jwt", "alg": "RS256", "jwk": OTHER.jwk}),
        _signed({"typ": "dpop+jwt", "alg": "ES256", "jwk": OTHER.jwk}),
        "x" * 8_180,
    ):
        refused = await client.credential(token, {"Authorization": f"DPoP {token}", "DPoP": proof})
        assert (refused.status, refused.error) == (401, "invalid_dpop_proof"), proof[:40]


async def test_b15_a_proof_is_used_once(court: Court) -> None:
    client = court.bound()
    token, url = await bound_token(client), f"{court.issuer}/credential"
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof_of(client, url, token)}
    assert (await client.credential(token, headers)).status == 200
    again = await client.credential(token, headers)
    assert (again.status, again.error) == (401, "invalid_dpop_proof")


async def test_b15_a_proof_at_the_token_endpoint_is_used_once(court: Court) -> None:
    client = court.bound()
    answer = await client.authorize()
    headers = client.headers("POST", f"{court.issuer}/token")
    first = await client.redeem(answer["code"], headers)
    assert first.status == 200
    again = await client.refresh(first.body["refresh_token"], headers)
    assert (again.status, again.error) == (400, "invalid_dpop_proof")


async def test_two_proofs_are_refused(court: Court) -> None:
    client = court.bound()
    token, url = await bound_token(client), f"{court.issuer}/credential"
    body = {"credential_configuration_id": "pid"}
    headers = [("Authorization", f"DPoP {token}"), *(("DPoP", proof_of(client, url, token)) for _ in range(2))]
    async with court.site.session.post(url, json=body, headers=headers) as answer:
        assert answer.status in (400, 401)


@pytest.mark.parametrize("shift", [-10, 10])
async def test_ten_seconds_either_way_are_fine(court: Court, shift: int) -> None:
    client = court.bound()
    token, url = await bound_token(client), f"{court.issuer}/credential"
    proof = proof_of(client, url, token, iat=int(time.time()) + shift, nbf=int(time.time()) - 5, other="claim")
    assert (await client.credential(token, {"Authorization": f"DPoP {token}", "DPoP": proof})).status == 200


@pytest.mark.parametrize("form", ["{url}?a=b#c", "UPPER", "{url}"])
async def test_htu_is_compared_in_its_normal_form(court: Court, form: str) -> None:
    client = court.bound()
    token, url = await bound_token(client), f"{court.issuer}/credential"
    htu = url.replace("http://localhost", "HTTP://LOCALHOST") if form == "UPPER" else form.format(url=url)
    headers = {"authorization": f"dpop {token}", "dpop": proof_of(client, url, token, htu=htu)}
    assert (await client.credential(token, headers)).status == 200


async def test_b16_a_bound_token_is_nothing_without_its_key(court: Court) -> None:
    client = court.bound()
    token, url = await bound_token(client), f"{court.issuer}/credential"
    for headers in (
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"Bearer {token}", "DPoP": proof_of(client, url, token)},
        {"Authorization": f"DPoP {token}"},
        {"Authorization": f"DPoP {token}", "DPoP": dpop(OTHER, "POST", url, token)},
    ):
        assert (await client.credential(token, headers)).status == 401


async def test_a_bearer_token_is_not_shown_as_bound(court: Court) -> None:
    client = court.client()
    token, url = (await client.obtain()).body["access_token"], f"{court.issuer}/credential"
    headers = {"Authorization": f"DPoP {token}", "DPoP": dpop(OTHER, "POST", url, token)}
    assert (await client.credential(token, headers)).status == 401


async def test_b17_headers_of_a_proxy_do_not_move_the_endpoint(court: Court) -> None:
    client = court.bound()
    token = await bound_token(client)
    proof = dpop(client.key, "POST", "https://evil.example/t/alpha/credential", token)  # type: ignore[arg-type]
    headers = {
        "Authorization": f"DPoP {token}",
        "DPoP": proof,
        "X-Forwarded-Host": "evil.example",
        "Host": "evil.example",
    }
    assert (await client.credential(token, headers)).status == 401


async def test_the_key_of_the_push_is_the_key_of_the_code(court: Court) -> None:
    client = court.bound()
    answer = await client.authorize()
    client.key, first = HolderKey(), client.key
    refused = await client.redeem(answer["code"])
    assert refused.status == 400
    assert (await client.redeem(answer["code"], headers={})).status == 400
    client.key = first
    assert (await client.redeem(answer["code"])).status == 200


async def test_dpop_jkt_binds_the_code_as_well(court: Court) -> None:
    from protocols.jose.jwk import thumbprint

    key, client = HolderKey(), court.client()
    answer = await client.authorize(dpop_jkt=b64(thumbprint(key.jwk)))
    client.key = HolderKey()
    assert (await client.redeem(answer["code"])).status == 400
    client.key = key
    assert (await client.redeem(answer["code"])).status == 200
    mixed = court.bound()
    assert (await mixed.push(dpop_jkt=b64(bytes(32)))).error == "invalid_dpop_proof"


async def test_b14_a_refresh_token_is_bound_to_the_key(court: Court) -> None:
    client = court.bound()
    token = await client.obtain()
    client.key, first = HolderKey(), client.key
    assert (await client.refresh(token.body["refresh_token"])).error == "invalid_dpop_proof"
    assert (await client.refresh(token.body["refresh_token"], headers={})).status == 400
    client.key = first
    assert (await client.refresh(token.body["refresh_token"])).status == 200


async def test_a_nonce_is_demanded_where_the_tenant_wants_one(court: Court) -> None:
    await court.configure(policy={"require_dpop_nonce": True})
    client = court.bound()
    refused = await client.push()
    assert (refused.status, refused.error) == (400, "use_dpop_nonce")
    nonce = refused.headers["DPoP-Nonce"]
    headers = {"DPoP": dpop(client.key, "POST", f"{court.issuer}/par", nonce=nonce)}  # type: ignore[arg-type]
    assert (await client.push(headers)).status == 201
    stale = {"DPoP": dpop(client.key, "POST", f"{court.issuer}/par", nonce="made up")}  # type: ignore[arg-type]
    assert (await client.push(stale)).error == "use_dpop_nonce"


async def test_a_resource_demands_it_with_401(court: Court) -> None:
    client = court.bound()
    token, url = await bound_token(client), f"{court.issuer}/credential"
    await court.configure(policy={"require_dpop_nonce": True})
    refused = await client.credential(token)
    assert (refused.status, refused.error) == (401, "use_dpop_nonce")
    assert 'error="use_dpop_nonce"' in refused.headers["WWW-Authenticate"]
    proof = proof_of(client, url, token, nonce=refused.headers["DPoP-Nonce"])
    assert (await client.credential(token, {"Authorization": f"DPoP {token}", "DPoP": proof})).status == 200


async def test_where_dpop_is_required_a_request_without_is_refused(court: Court) -> None:
    await court.configure(policy={"require_dpop": True})
    client = court.client()
    answer = await client.authorize()  # RFC 9449, 10.1: a push needs none
    assert (await client.redeem(answer["code"])).error == "invalid_dpop_proof"
    client.key = HolderKey()
    assert (await client.redeem(answer["code"])).status == 200
    assert (await court.bound().obtain()).status == 200
