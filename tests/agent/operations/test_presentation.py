"""OpenID4VP 1.0 over real HTTP and PostgreSQL: what is verified, and what is refused with its reason."""

import asyncio
import json
import time
from typing import Any

import pytest
import pytest_asyncio

from tests.houses import Site
from tests.wallets import HolderKey, Wallet, claims_of, header_of

NAMES = {"given_name", "family_name"}


def query(**changes: Any) -> dict[str, Any]:
    claims = [{"path": ["given_name"]}, {"path": ["family_name"]}]
    meta = {"vct_values": ["urn:eudi:pid:1"]}
    return {"credentials": [{"id": "pid", "format": "dc+sd-jwt", "meta": meta, "claims": claims, **changes}]}


async def ask(site: Site, dcql: Any = None, **body: Any) -> dict[str, Any]:
    status, made = await site.api("POST", "/presentation-requests", {"dcql_query": dcql or query(), **body})
    assert status == 201, made
    return made


async def result(site: Site, made: dict[str, Any]) -> dict[str, Any]:
    status, found = await site.api("GET", f"/presentation-requests/{made['presentation_id']}")
    assert status == 200
    return found


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


@pytest_asyncio.fixture
async def issued(site: Site, wallet: Wallet) -> tuple[str, str]:
    """(credential, its issuance's id)."""
    _, made = await site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]})
    answer = await wallet.obtain(made["credential_offer_uri"])
    return answer.body["credentials"][0]["credential"], made["issuance_id"]


@pytest.fixture
def credential(issued: tuple[str, str]) -> str:
    return issued[0]


@pytest.mark.parametrize("prefix", ["x509_hash", "x509_san_dns", "redirect_uri"])
@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
async def test_a_presentation_is_verified(site: Site, wallet: Wallet, credential: str, prefix: str, mode: str) -> None:
    made = await ask(site, client_id_prefix=prefix, response_mode=mode)
    assert (await result(site, made))["state"] == "created"
    answer = await wallet.present(made["authorization_request_uri"], credential, NAMES)
    assert answer.status == 200, answer
    found = await result(site, made)
    assert found["state"] == "verified"
    (shown,) = found["credentials"]
    assert shown["claims"] == {"given_name": "Erika", "family_name": "Mustermann"}
    assert shown["checks"] == ["signature", "disclosures", "validity", "holder_binding"]


async def test_the_request_object_is_signed_by_the_certificate_that_names_the_verifier(
    site: Site, wallet: Wallet
) -> None:
    made = await ask(site)
    uri = made["authorization_request_uri"]
    assert uri.startswith("openid4vp://?client_id=x509_hash%3A")
    request = await wallet.request(uri)
    assert request["aud"] == "https://self-issued.me/v2"
    assert request["client_id"] == made["client_id"]
    assert request["response_type"] == "vp_token"
    again = await wallet.request(uri)
    assert again["nonce"] == request["nonce"]
    assert (await result(site, made))["state"] == "fetched"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"nonce": "other"}, "invalid_key_binding"),
        ({"aud": "x509_hash:other"}, "invalid_key_binding"),
        ({"sd_hash": "AAAA"}, "invalid_key_binding"),
        ({"iat": int(time.time()) - 3600}, "invalid_key_binding"),
        ({"iat": int(time.time()) + 3600}, "invalid_key_binding"),
        ({"header": {"typ": "JWT"}}, "invalid_key_binding"),
        ({"key": HolderKey()}, "invalid_key_binding"),
    ],
)
async def test_a_presentation_not_bound_to_this_request_is_refused(
    site: Site, wallet: Wallet, credential: str, changes: dict[str, Any], error: str
) -> None:
    made = await ask(site)
    request = await wallet.request(made["authorization_request_uri"])
    answer = await wallet.respond(request, {"pid": [wallet.presentation(credential, request, NAMES, **changes)]})
    assert answer.status == 400
    found = await result(site, made)
    assert (found["state"], found["errors"], found["credentials"]) == ("refused", [error], [])


@pytest.mark.parametrize(
    ("dcql", "names", "error"),
    [
        (query(), {"given_name"}, "query_not_answered"),
        (query(claims=[{"path": ["given_name"], "values": ["Max"]}]), NAMES, "query_not_answered"),
        (query(meta={"vct_values": ["urn:other:1"]}), NAMES, "query_not_answered"),
    ],
)
async def test_what_was_not_asked_for_is_refused(
    site: Site, wallet: Wallet, credential: str, dcql: Any, names: set[str], error: str
) -> None:
    made = await ask(site, dcql)
    answer = await wallet.present(made["authorization_request_uri"], credential, names)
    assert answer.status == 400
    assert (await result(site, made))["errors"] == [error]


async def test_a_value_that_was_asked_for_is_accepted(site: Site, wallet: Wallet, credential: str) -> None:
    made = await ask(site, query(claims=[{"path": ["given_name"], "values": ["Max", "Erika"]}]))
    assert (await wallet.present(made["authorization_request_uri"], credential, NAMES)).status == 200


async def test_an_altered_credential_is_refused(site: Site, wallet: Wallet, credential: str) -> None:
    issuer_jwt, _, rest = credential.partition("~")
    signature = issuer_jwt[-10:-4] + ("A" if issuer_jwt[-4] != "A" else "B") + issuer_jwt[-3:]
    made = await ask(site)
    altered = f"{issuer_jwt[:-10]}{signature}~{rest}"
    assert (await wallet.present(made["authorization_request_uri"], altered, NAMES)).status == 400
    assert (await result(site, made))["errors"] == ["invalid_signature"]


async def test_another_tenants_credential_needs_its_anchor_first(site: Site, wallet: Wallet) -> None:
    beta = site.beta.api_key
    _, made = await site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]}, beta)
    foreign = (await wallet.obtain(made["credential_offer_uri"])).body["credentials"][0]["credential"]
    asked = await ask(site)
    assert (await wallet.present(asked["authorization_request_uri"], foreign, NAMES)).status == 400
    assert (await result(site, asked))["errors"] == ["untrusted_issuer"]
    _, authority = await site.api("GET", "/certificate-authority", key=beta)
    assert (await site.api("POST", "/trust-anchors", {"certificate": authority["pem"]}))[0] == 201
    for _ in range(50):
        asked = await ask(site)
        answer = await wallet.present(asked["authorization_request_uri"], foreign, NAMES)
        if answer.status == 200:
            return
        await asyncio.sleep(0.05)
    pytest.fail("the anchor never took hold")


async def test_a_revoked_credential_is_refused_at_once(site: Site, wallet: Wallet, issued: tuple[str, str]) -> None:
    credential, issuance = issued
    status, revoked = await site.api("POST", f"/credentials/{issuance}/revoke", {})
    assert (status, len(revoked["credentials"])) == (200, 1)
    made = await ask(site)
    assert (await wallet.present(made["authorization_request_uri"], credential, NAMES)).status == 400
    assert (await result(site, made))["errors"] == ["credential_revoked"]
    assert (await site.api("POST", f"/credentials/{issuance}/revoke", {}))[0] == 409


async def test_another_tenants_status_list_is_fetched_and_believed(site: Site, wallet: Wallet) -> None:
    beta = site.beta.api_key
    _, authority = await site.api("GET", "/certificate-authority", key=beta)
    await site.api("POST", "/trust-anchors", {"certificate": authority["pem"]})
    _, made = await site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]}, beta)
    foreign = (await wallet.obtain(made["credential_offer_uri"])).body["credentials"][0]["credential"]
    await site.api("POST", f"/credentials/{made['issuance_id']}/revoke", {}, beta)
    for _ in range(50):
        asked = await ask(site)
        await wallet.present(asked["authorization_request_uri"], foreign, NAMES)
        errors = (await result(site, asked))["errors"]
        if errors != ["untrusted_issuer"]:
            break
        await asyncio.sleep(0.05)
    assert errors == ["credential_revoked"]


async def test_an_answer_without_the_state_changes_nothing(site: Site, wallet: Wallet, credential: str) -> None:
    made = await ask(site)
    request = await wallet.request(made["authorization_request_uri"])
    token = {"pid": [wallet.presentation(credential, request, NAMES)]}
    assert (await wallet.respond(request, token, state="guess")).status == 400
    in_clear = {"vp_token": json.dumps(token), "state": request["state"]}
    assert (await wallet.send("POST", request["response_uri"], data=in_clear)).status == 400
    assert (await result(site, made))["state"] == "fetched"
    assert (await wallet.respond(request, token)).status == 200


async def test_an_answer_settles_once(site: Site, wallet: Wallet, credential: str) -> None:
    made = await ask(site)
    request = await wallet.request(made["authorization_request_uri"])
    token = {"pid": [wallet.presentation(credential, request, NAMES)]}
    answers = await asyncio.gather(*(wallet.respond(request, token) for _ in range(12)))
    assert sorted(one.status for one in answers) == [200] + [400] * 11
    gone = await wallet.send("GET", _request_uri(made))
    assert gone.status == 404


def _request_uri(made: dict[str, Any]) -> str:
    from urllib.parse import parse_qs, urlsplit

    return parse_qs(urlsplit(made["authorization_request_uri"]).query)["request_uri"][0]


async def test_a_wallet_may_decline(site: Site, wallet: Wallet) -> None:
    made = await ask(site, response_mode="direct_post")
    request = await wallet.request(made["authorization_request_uri"])
    form = {"error": "access_denied", "state": request["state"]}
    heard = await wallet.send("POST", request["response_uri"], data=form)
    assert (heard.status, heard.body) == (200, {})
    found = await result(site, made)
    assert (found["state"], found["errors"]) == ("refused", ["wallet_declined", "access_denied"])


async def test_another_tenant_sees_nothing_of_it(site: Site, wallet: Wallet, credential: str) -> None:
    made = await ask(site)
    status, _ = await site.api("GET", f"/presentation-requests/{made['presentation_id']}", key=site.beta.api_key)
    assert status == 404
    there = _request_uri(made).replace("/t/alpha/", "/t/beta/")
    assert (await wallet.send("GET", there)).status == 404


@pytest.mark.parametrize(
    "dcql",
    [
        {},
        {"credentials": []},
        {"credentials": [{"id": "a", "format": "dc+sd-jwt"}]},
        {"credentials": [{"id": "a b", "format": "dc+sd-jwt", "meta": {}}]},
        {"credentials": [{"id": "a", "format": "unheard-of", "meta": {}}]},
        {"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": {}, "claims": []}]},
    ],
)
async def test_queries_that_are_refused(site: Site, dcql: Any) -> None:
    status, problem = await site.api("POST", "/presentation-requests", {"dcql_query": dcql})
    assert status == 422, problem


async def test_the_certificate_in_the_request_leads_to_the_tenants_authority(site: Site, wallet: Wallet) -> None:
    from base64 import b64decode
    from datetime import UTC, datetime

    from protocols import x509

    made = await ask(site)
    answer = await wallet.send("GET", _request_uri(made))
    assert answer.headers["Content-Type"] == "application/oauth-authz-req+jwt"
    chain = tuple(b64decode(one) for one in header_of(answer.body)["x5c"])
    _, authority = await site.api("GET", "/certificate-authority")
    x509.validate_chain(chain, x509.load_pem(authority["pem"].encode()), datetime.now(UTC))
    assert claims_of(answer.body)["client_metadata"]["jwks"]["keys"][0]["use"] == "enc"
