"""Credential configurations over the admin API: made, listed, changed, and retired under issuances that go on."""

from typing import Any

import pytest

from tests.authorizing import Person, WalletProvider, details
from tests.courts import Court
from tests.deferring import Desk
from tests.houses import Site
from tests.wallets import HolderKey, Wallet, claims_of

DIPLOMA = {
    "credential_configuration_id": "diploma",
    "format": "dc+sd-jwt",
    "type": "urn:example:diploma",
    "schema": {"type": "object", "properties": {"degree": {"type": "string"}}, "required": ["degree"]},
    "scope": "diploma",
    "lifetime": 86_400,
    "display": [{"name": "Diploma", "locale": "en", "background_color": "#102030"}],
    "claims": [{"path": ["degree"], "mandatory": True, "display": [{"name": "Degree", "locale": "en"}]}],
    "disclosable": [],
    "binding_methods": ["jwk"],
    "proof_types": {"jwt": ["ES256"]},
}


async def create(site: Site, **changes: Any) -> tuple[int, Any]:
    body = {name: value for name, value in {**DIPLOMA, **changes}.items() if value is not ...}
    return await site.api("POST", "/credential-configurations", body)


async def offer(site: Site, name: str = "diploma", **body: Any) -> tuple[int, Any]:
    body = {"credential_configuration_ids": [name], "claims": {"degree": "Dr."}} | body
    return await site.api("POST", "/credential-offers", body)


async def test_what_is_made_is_advertised_offered_and_issued(site: Site) -> None:
    wallet, issuer = Wallet(site.session), site.alpha.credential_issuer
    assert (await create(site))[0] == 201
    shown = (await wallet.metadata(issuer))["credential_configurations_supported"]["diploma"]
    assert (shown["vct"], shown["scope"], shown["format"]) == ("urn:example:diploma", "diploma", "dc+sd-jwt")
    assert shown["proof_types_supported"] == {"jwt": {"proof_signing_alg_values_supported": ["ES256"]}}
    assert shown["credential_metadata"]["claims"] == DIPLOMA["claims"]
    assert (await offer(site, claims={"degree": 1}))[0] == 422
    _, made = await offer(site)
    given = await wallet.offer(made["credential_offer_uri"])
    token = (await wallet.token(given)).body["access_token"]
    proof = wallet.proof(issuer, await wallet.nonce(issuer))
    answer = await wallet.credential(issuer, token, {"jwt": [proof]}, "diploma")
    claims = claims_of(answer.body["credentials"][0]["credential"].split("~")[0])
    assert (claims["vct"], claims["degree"], claims["exp"] - claims["iat"]) == ("urn:example:diploma", "Dr.", 86_400)
    _, found = await site.api("GET", "/credential-configurations")
    named = {one["credential_configuration_id"]: one for one in found["items"]}
    assert sorted(named) == ["diploma", "pid"]
    assert named["diploma"]["active"] is True
    assert {name: named["diploma"][name] for name in DIPLOMA} == DIPLOMA
    assert not [
        one
        for one in (await site.api("GET", "/credential-configurations", key=site.beta.api_key))[1]["items"]
        if one["credential_configuration_id"] == "diploma"
    ]


async def test_a_type_that_the_tenant_has_is_shared(site: Site) -> None:
    assert (await create(site))[0] == 201
    assert (await create(site, credential_configuration_id="again", schema=...))[0] == 201
    assert (await create(site, credential_configuration_id="other", schema={"type": "object"}))[0] == 422
    assert (await create(site))[0] == 409
    assert (await offer(site, "again", claims={"degree": 1}))[0] == 422
    assert (await offer(site, "again"))[0] == 201


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"format": "unheard-of"}, "format"),
        ({"algorithm": "ES384"}, "algorithm"),
        ({"algorithm": "RS256"}, "algorithm"),
        ({"format": "ldp_vc", "algorithm": "EdDSA"}, "algorithm"),
        ({"proof_types": {}}, "proof_types"),
        ({"binding_methods": []}, "proof_types"),
        ({"proof_types": {"jwt": ["HS256"]}}, "proof_types"),
        ({"proof_types": {"unheard_of": ["ES256"]}}, "proof_types"),
        ({"status": "unheard_of"}, "status"),
        ({"schema": {"type": 7}}, "schema"),
        ({"schema": {"$ref": "https://example.org/schema"}}, "schema"),
        ({"scope": "two words"}, "scope"),
        ({"lifetime": 1}, "lifetime"),
        ({"claims": [{"path": []}]}, "claims"),
        ({"claims": [{"path": [-1]}]}, "claims"),
        ({"disclosable": ["degree"]}, "disclosable"),
        ({"display": [{"name": "a", "locale": "en"}, {"name": "b", "locale": "en"}]}, "display"),
        ({"display": [{"name": "a", "background_color": "red"}]}, "display"),
        ({"key_attestations_required": {"unknown": ["x"]}}, "key_attestations_required"),
        ({"key_attestations_required": {"key_storage": []}}, "key_attestations_required"),
        ({"binding_methods": [], "proof_types": {}, "key_attestations_required": {}}, "key_attestations_required"),
        ({"unknown": "member"}, "unknown"),
    ],
)
async def test_what_nothing_could_be_issued_by_is_not_made(site: Site, changes: Any, member: str) -> None:
    status, problem = await create(site, **changes)
    assert (status, list(problem["errors"])) == (422, [member])
    assert len((await site.api("GET", "/credential-configurations"))[1]["items"]) == 1


async def test_attestations_of_keys_are_demanded_by_configuration(court: Court) -> None:
    site, wallet, provider = court.site, Wallet(court.site.session), WalletProvider()

    async def demand(levels: Any) -> None:
        body = {"key_attestations_required": levels}
        assert (await site.api("PATCH", "/credential-configurations/pid", body))[0] == 204
        shown = (await wallet.metadata(court.issuer))["credential_configurations_supported"]["pid"]
        stated = [one.get("key_attestations_required") for one in shown["proof_types_supported"].values()]
        assert stated == [levels, levels]

    async def ask() -> Any:
        _, made = await site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]})
        return await wallet.obtain(made["credential_offer_uri"])

    assert provider.x5c
    assert (await ask()).status == 200
    await demand({"key_storage": ["iso_18045_high"]})
    assert (await ask()).error == "invalid_proof"
    await demand({})
    assert (await ask()).error == "invalid_proof"
    await demand(None)
    assert (await ask()).status == 200


async def test_a_retired_configuration_serves_what_was_begun_and_nothing_new(court: Court) -> None:
    site, wallet = court.site, Wallet(court.site.session)
    assert (await create(site))[0] == 201
    both = {"credential_configuration_ids": ["diploma", "pid"], "claims": {"degree": "Dr.", "given_name": "Erika"}}
    _, made = await site.api("POST", "/credential-offers", both)
    given = await wallet.offer(made["credential_offer_uri"])
    token = (await wallet.token(given)).body["access_token"]
    client = court.client()
    pushed = await client.push(scope=None, authorization_details=details("pid"))
    refreshing = (await court.client().obtain()).body["refresh_token"]
    for name in ("diploma", "pid"):
        assert (await site.api("PATCH", f"/credential-configurations/{name}", {"active": False}))[0] == 204
    # nothing new
    assert (await wallet.metadata(court.issuer))["credential_configurations_supported"] == {}
    assert (await offer(site))[1]["code"] == "unknown_credential_configuration"
    assert (await court.client().push()).error == "invalid_scope"
    # what was begun
    for name in ("diploma", "pid"):
        proof = wallet.proof(court.issuer, await wallet.nonce(court.issuer))
        answer = await wallet.credential(court.issuer, token, {"jwt": [proof]}, name)
        assert answer.status == 200, answer
    person = Person(site.session, court.issuer)
    code = (await person.answer(client.client_id, pushed.body["request_uri"]))["code"]
    redeemed = await client.redeem(code)
    (granted,) = redeemed.body["authorization_details"]
    body = {"credential_identifier": granted["credential_identifiers"][0]}
    assert (await client.credential(redeemed.body["access_token"], **body)).status == 200
    again = (await client.refresh(refreshing)).body["access_token"]
    assert (await client.credential(again)).status == 200
    # and it can be reopened
    assert (await site.api("PATCH", "/credential-configurations/pid", {"active": True}))[0] == 204
    assert list((await wallet.metadata(court.issuer))["credential_configurations_supported"]) == ["pid"]


async def test_a_configuration_is_retired_while_a_request_waits(desk: Desk) -> None:
    await desk.policy()
    taker = await desk.taker()
    waiting = await taker.ask(HolderKey())
    assert waiting.status == 202
    await desk.configure(active=False)
    assert (await desk.approve())[0] == 204
    await desk.later()
    assert (await taker.come_back(waiting.body["transaction_id"])).status == 200


async def test_accounts_are_listed_in_pages_and_reading_is_on_record(court: Court) -> None:
    site = court.site
    status, found = await site.api("GET", "/users")
    assert (status, found["next"]) == (200, None)
    assert [(one["name"], one["external_id"], one["status"]) for one in found["items"]] == [
        ("erika@example.org", "erika", "active"),
        ("max@example.org", "max", "active"),
    ]
    _, rest = await site.api("GET", f"/users?after={found['items'][0]['id']}")
    assert [one["name"] for one in rest["items"]] == ["max@example.org"]
    assert (await site.api("GET", "/users", key=site.beta.api_key))[1]["items"] == []
    assert (await site.api("GET", "/users?after=x"))[0] == 404
    _, issuer = await site.api("POST", "/api-keys", {"name": "issuer", "role": "issuer"})
    assert (await site.api("GET", "/users", key=issuer["api_key"]))[0] == 403
    assert await court.events("user.listed") == ["user.listed", "user.listed"]
