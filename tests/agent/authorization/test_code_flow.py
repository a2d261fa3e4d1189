"""The authorization code flow (RFC 6749, 9126, 7636, 9207; abuse cases A9, B1 to B9, B18 to B24)."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.authorizing import REDIRECT, Person, answer_of, csrf_of, details
from tests.courts import Court
from tests.houses import Clock
from tests.wallets import claims_of, unb64


async def test_wallet_initiated_from_push_to_credential(court: Court) -> None:
    client = court.client()
    pushed = await client.push()
    assert pushed.status == 201
    assert pushed.body["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert 5 <= pushed.body["expires_in"] <= 60
    assert pushed.headers["Cache-Control"] == "no-store"
    answer = await Person(court.site.session, court.issuer).answer("wallet", pushed.body["request_uri"])
    assert answer["state"] == "the state"
    assert answer["iss"] == court.issuer
    assert len(unb64(answer["code"])) == 32
    token = await client.redeem(answer["code"])
    assert token.status == 200, token
    assert token.body["token_type"] == "Bearer"
    assert token.headers["Cache-Control"] == "no-store"
    assert token.body["scope"] == "pid"
    issued = await client.credential(token.body["access_token"])
    assert issued.status == 200, issued
    credential = issued.body["credentials"][0]["credential"]
    assert claims_of(credential.split("~")[0])["vct"] == "urn:eudi:pid:1"
    assert len(credential.split("~")) == 5


async def test_issuer_initiated_with_the_offers_claims(court: Court) -> None:
    body = {"credential_configuration_ids": ["pid"], "grant": "authorization_code", "claims": {"given_name": "Otto"}}
    _, made = await court.site.api("POST", "/credential-offers", body)
    client = court.client()
    offer = await client.wallet.offer(made["credential_offer_uri"])
    assert list(offer["grants"]) == ["authorization_code"]
    state = offer["grants"]["authorization_code"]["issuer_state"]
    token = await client.obtain(issuer_state=state)
    issued = await client.credential(token.body["access_token"])
    assert b"Otto" in unb64(issued.body["credentials"][0]["credential"].split("~")[1])
    again = await client.push(issuer_state=state)
    assert (again.status, again.error) == (400, "invalid_request")  # an offer is taken once


@pytest.mark.parametrize("subject", [None, "erika"])
async def test_issuer_initiated_with_the_accounts_claims(court: Court, subject: str | None) -> None:
    body = {"credential_configuration_ids": ["pid"], "grant": "authorization_code"}
    body |= {"subject": subject} if subject else {}
    _, made = await court.site.api("POST", "/credential-offers", body)
    client = court.client()
    offer = await client.wallet.offer(made["credential_offer_uri"])
    token = await client.obtain(issuer_state=offer["grants"]["authorization_code"]["issuer_state"])
    issued = await client.credential(token.body["access_token"])
    assert issued.status == 200, issued
    assert len(issued.body["credentials"][0]["credential"].split("~")) == 5


async def test_authorization_details_give_credential_identifiers(court: Court) -> None:
    client = court.client()
    token = await client.obtain(scope=None, authorization_details=details("pid"))
    (granted,) = token.body["authorization_details"]
    assert granted["credential_configuration_id"] == "pid"
    (identifier,) = granted["credential_identifiers"]
    value = token.body["access_token"]
    wrong = await client.credential(value)
    assert (wrong.status, wrong.error) == (400, "invalid_credential_request")  # C10
    unknown = await client.credential(value, credential_identifier="nobody's")
    assert (unknown.status, unknown.error) == (400, "unknown_credential_identifier")
    assert (await client.credential(value, credential_identifier=identifier)).status == 200
    refreshed = await client.refresh(token.body["refresh_token"])
    assert refreshed.body["authorization_details"] == token.body["authorization_details"]


async def test_deny_is_access_denied(court: Court) -> None:
    answer = await court.client().authorize("deny")
    assert answer == {"error": "access_denied", "state": "the state", "iss": court.issuer}


async def test_no_state_in_none_out_and_a_query_survives(court: Court) -> None:
    redirect = f"{REDIRECT}?dummy1=lorem&dummy2=ipsum"
    body = {"client_id": "queried", "name": "Queried", "redirect_uris": [redirect]}
    assert (await court.site.api("POST", "/clients", body))[0] == 201
    answer = await court.client(client_id="queried", redirect_uri=redirect).authorize(state=None)
    assert set(answer) == {"dummy1", "dummy2", "code", "iss"}


async def test_unknown_parameters_are_ignored(court: Court) -> None:
    assert (await court.client().obtain(nonsense="1", login_hint="x", prompt="login")).status == 200


async def test_a9_an_offer_to_one_person_is_not_taken_by_another(court: Court) -> None:
    body = {"credential_configuration_ids": ["pid"], "grant": "authorization_code", "subject": "max"}
    _, made = await court.site.api("POST", "/credential-offers", body)
    client = court.client()
    offer = await client.wallet.offer(made["credential_offer_uri"])
    state = offer["grants"]["authorization_code"]["issuer_state"]
    answer = await client.authorize(issuer_state=state)
    assert answer["error"] == "access_denied"
    pushed = await client.push(issuer_state=state)
    person = Person(court.site.session, court.issuer, email="max@example.org")
    assert "code" in await person.answer("wallet", pushed.body["request_uri"])


async def test_a9_the_page_says_who_is_signed_in_and_who_asks(court: Court) -> None:
    pushed = await court.client().push()
    person = Person(court.site.session, court.issuer)
    _, url, page = await person.begin(client_id="wallet", request_uri=pushed.body["request_uri"])
    await person.sign_in(url, page)
    _, _, page = await person.go("GET", url)
    assert "erika@example.org" in page
    assert "A wallet" in page
    assert "https://wallet.example" in page
    assert 'id="approve"' in page
    assert 'id="deny"' in page


async def test_b1_a_code_again_is_refused_and_ends_its_tokens(court: Court) -> None:
    client = court.client()
    answer = await client.authorize()
    token = await client.redeem(answer["code"])
    assert token.status == 200
    again = await client.redeem(answer["code"])
    assert (again.status, again.error) == (400, "invalid_grant")
    assert (await client.credential(token.body["access_token"])).status == 401
    assert (await client.refresh(token.body["refresh_token"])).error == "invalid_grant"
    assert await court.events("code_replayed") == ["code_replayed"]


async def test_b1_fifty_at_once_get_one_token(court: Court) -> None:
    client = court.client()
    answer = await client.authorize()
    got = await asyncio.gather(*(client.redeem(answer["code"]) for _ in range(50)))
    assert sorted(one.status for one in got) == [200] + [400] * 49


async def test_b2_a_code_belongs_to_its_client_and_redirect_uri(court: Court) -> None:
    client = court.client()
    answer = await client.authorize()
    other = court.client(client_id="other", verifier=client.verifier)
    refused = await other.redeem(answer["code"])
    assert (refused.status, refused.error) == (400, "invalid_grant")
    moved = await client.redeem(answer["code"], redirect_uri="https://wallet.example/other")
    assert (moved.status, moved.error) == (400, "invalid_grant")
    assert (await client.redeem(answer["code"])).status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": "x"},
    ],
)
async def test_b3_pkce_with_s256_is_required(court: Court, changes: dict[str, str | None]) -> None:
    refused = await court.client().push(**changes)
    assert (refused.status, refused.error) == (400, "invalid_request")


@pytest.mark.parametrize("verifier", [None, "", "x" * 43, "short", "é" * 43])
async def test_b3_a_wrong_or_missing_verifier_is_invalid_grant(court: Court, verifier: str | None) -> None:
    client = court.client()
    answer = await client.authorize()
    refused = await client.redeem(answer["code"], code_verifier=verifier)
    assert (refused.status, refused.error) == (400, "invalid_grant")


URIS = [
    None,
    "",
    f"{REDIRECT}/more",
    f"{REDIRECT}?x=1",
    f"{REDIRECT}#f",
    "https://wallet.example/../cb",
    "https://wallet.example.evil.example/cb",
    "https://user@wallet.example/cb",
    "https://wallet.example:444/cb",
    "http://wallet.example/cb",
    "https://WALLET.example/cb",
    "javascript:alert(1)",
    "//wallet.example/cb",
    "http://127.0.0.1/other",
    "http://127.0.0.1.evil.example/cb",
]


async def test_b4_redirect_uris_match_exactly(court: Court) -> None:
    for uri in URIS:
        refused = await court.client().push(redirect_uri=uri)
        assert (refused.status, refused.error) == (400, "invalid_request"), uri
        parameters = court.client().parameters(redirect_uri=uri)
        status, _, page = await Person(court.site.session, court.issuer).begin(**parameters)
        assert status == 400, uri  # a page, and no redirect to anywhere
        assert "invalid_request" in page, uri


async def test_b4_the_port_on_loopback_is_free(court: Court) -> None:
    assert (await court.client().push(redirect_uri="http://127.0.0.1:52114/cb")).status == 201


async def test_b5_iss_is_in_every_answer_and_announced(court: Court) -> None:
    client = court.client()
    assert (await client.authorize())["iss"] == court.issuer
    assert (await client.authorize("deny"))["iss"] == court.issuer
    parts = urlsplit(court.issuer)
    url = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path}"
    metadata = (await client.wallet.send("GET", url)).body
    assert metadata["issuer"] == court.issuer
    assert metadata["authorization_response_iss_parameter_supported"] is True


async def test_b5_errors_by_redirect_name_the_issuer_too(court: Court) -> None:
    parameters = court.client().parameters(response_type="token")
    person = Person(court.site.session, court.issuer)
    url = f"{court.issuer}/authorize"
    async with person.session.get(url, params=parameters, allow_redirects=False) as answer:
        assert answer.status == 303
        found = answer_of(answer.headers["Location"])
    assert found == {"error": "unsupported_response_type", "state": "the state", "iss": court.issuer}


async def test_b6_a_request_uri_is_bound_to_its_client_and_ends_with_the_code(court: Court) -> None:
    client, person = court.client(), Person(court.site.session, court.issuer)
    uri = (await client.push()).body["request_uri"]
    status, _, page = await person.begin(client_id="other", request_uri=uri)
    assert (status, "invalid_request_uri" in page) == (400, True)
    assert (await person.begin(client_id="wallet", request_uri=uri))[0] == 200  # looked at, not used
    assert "code" in await person.answer("wallet", uri)
    status, _, page = await person.begin(client_id="wallet", request_uri=uri)
    assert (status, "invalid_request_uri" in page) == (400, True)


@pytest.mark.parametrize("uri", ["x", "urn:ietf:params:oauth:request_uri:guessed", "https://evil.example/request"])
async def test_b6_a_guessed_request_uri_is_refused(court: Court, uri: str) -> None:
    status, _, page = await Person(court.site.session, court.issuer).begin(client_id="wallet", request_uri=uri)
    assert (status, "invalid_request_uri" in page) == (400, True)


async def test_b6_two_browsers_with_one_request_get_one_code(court: Court) -> None:
    uri = (await court.client().push()).body["request_uri"]
    people = [Person(court.site.session, court.issuer) for _ in range(2)]
    pages = []
    for person in people:
        _, url, page = await person.begin(client_id="wallet", request_uri=uri)
        await person.sign_in(url, page)
        _, _, page = await person.go("GET", url)
        pages.append((person, url, csrf_of(page)))
    got = await asyncio.gather(
        *(person.go("POST", f"{url}/decision", csrf=csrf, decision="approve") for person, url, csrf in pages)
    )
    assert sorted(status for status, _, _ in got) == [303, 400]


async def test_b6_a_request_uri_lives_a_minute(court: Court, clock: Clock) -> None:
    used, late = [(await court.client().push()).body["request_uri"] for _ in range(2)]
    clock.forward(seconds=30)
    status, _, _ = await Person(court.site.session, court.issuer).begin(client_id="wallet", request_uri=used)
    assert status == 200
    clock.forward(seconds=31)
    status, _, page = await Person(court.site.session, court.issuer).begin(client_id="wallet", request_uri=late)
    assert (status, "invalid_request_uri" in page) == (400, True)


async def test_a_code_lives_a_minute(court: Court, clock: Clock) -> None:
    prompt, late = court.client(), court.client()
    codes = [(await client.authorize())["code"] for client in (prompt, late)]
    clock.forward(seconds=30)
    assert (await prompt.redeem(codes[0])).status == 200
    clock.forward(seconds=31)
    refused = await late.redeem(codes[1])
    assert (refused.status, refused.error) == (400, "invalid_grant")


async def test_an_access_token_lives_as_long_as_it_says(court: Court, clock: Clock) -> None:
    client = court.client()
    token = (await client.obtain()).body
    assert (await client.credential(token["access_token"])).status == 200
    clock.forward(seconds=token["expires_in"] / 2)
    assert (await client.credential(token["access_token"])).status == 200
    clock.forward(seconds=token["expires_in"] / 2 + 1)
    refused = await client.credential(token["access_token"])
    assert (refused.status, refused.error) == (401, "invalid_token")


async def test_b7_only_pushed_parameters_count(court: Court) -> None:
    uri = (await court.client().push(state="pushed")).body["request_uri"]
    person = Person(court.site.session, court.issuer)
    other = {"state": "other", "redirect_uri": "https://evil.example/", "scope": "all", "response_type": "token"}
    _, url, page = await person.begin(client_id="wallet", request_uri=uri, **other)
    await person.sign_in(url, page)
    _, _, page = await person.go("GET", url)
    _, headers, _ = await person.go("POST", f"{url}/decision", csrf=csrf_of(page), decision="approve")
    assert headers["Location"].startswith(f"{REDIRECT}?")
    assert answer_of(headers["Location"])["state"] == "pushed"


@pytest.mark.parametrize("name", ["request", "request_uri"])
async def test_b8_request_objects_are_refused(court: Court, name: str) -> None:
    refused = await court.client().push(**{name: "eyJhbGciOiJub25lIn0.e30."})
    assert (refused.status, refused.error) == (400, "invalid_request")
    status, _, _ = await Person(court.site.session, court.issuer).begin(
        **court.client().parameters(request="eyJhbGciOiJub25lIn0.e30.")
    )
    assert status in (303, 400)


@pytest.mark.parametrize("value", ["code id_token", "token", "none", ""])
async def test_other_response_types_are_refused(court: Court, value: str) -> None:
    refused = await court.client().push(response_type=value)
    assert refused.status == 400
    assert refused.error in ("unsupported_response_type", "invalid_request")


async def test_b18_a_token_outside_of_its_header_is_not_read(court: Court) -> None:
    client = court.client()
    token = (await client.obtain()).body["access_token"]
    proof = client.wallet.proof(court.issuer, await client.wallet.nonce(court.issuer))
    body = {"credential_configuration_id": "pid", "proofs": {"jwt": [proof]}}
    url = f"{court.issuer}/credential"
    assert (await client.wallet.send("POST", f"{url}?access_token={token}", json=body)).status == 401
    assert (await client.wallet.send("POST", url, json={**body, "access_token": token})).status == 401


async def test_b19_another_tenants_token_is_refused(court: Court) -> None:
    token = (await court.client().obtain()).body["access_token"]
    beta = court.client(issuer=court.site.beta.credential_issuer)
    assert (await beta.credential(token)).status == 401
    assert (await beta.refresh("x")).status in (400, 401)


async def test_b20_a_form_of_another_site_does_nothing(court: Court) -> None:
    uri = (await court.client().push()).body["request_uri"]
    person = Person(court.site.session, court.issuer)
    _, url, page = await person.begin(client_id="wallet", request_uri=uri)
    status, _, _ = await person.go("POST", f"{url}/sign-in", csrf="x", username=person.email, password=person.password)
    assert status == 400
    await person.sign_in(url, page)
    for csrf in ("", "x", csrf_of(page)):  # the sign-in page's token is not the consent page's
        status, _, _ = await person.go("POST", f"{url}/decision", csrf=csrf, decision="approve")
        assert status == 400


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
async def test_b20_scripts_of_other_sites_are_not_let_in(court: Court, method: str) -> None:
    """FAPI 2.0 Security Profile, 5.3.2.2: no CORS at the authorization endpoint."""
    uri = (await court.client().push()).body["request_uri"]
    query = {"client_id": "wallet", "request_uri": uri}
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    async with court.site.session.request(
        method, f"{court.issuer}/authorize", params=query, headers=headers, allow_redirects=False
    ) as answer:
        assert (answer.status == 405) is (method == "OPTIONS")
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


async def test_b20_pages_cannot_be_framed(court: Court) -> None:
    uri = (await court.client().push()).body["request_uri"]
    person = Person(court.site.session, court.issuer)
    _, url, _ = await person.begin(client_id="wallet", request_uri=uri)
    _, headers, _ = await person.go("GET", url)
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"


async def test_b21_the_secret_changes_at_sign_in_and_is_of_this_flow_only(court: Court) -> None:
    client = court.client()
    person = Person(court.site.session, court.issuer)
    uri = (await client.push()).body["request_uri"]
    _, url, page = await person.begin(client_id="wallet", request_uri=uri)
    before = dict(person.cookies)
    await person.sign_in(url, page)
    assert person.cookies != before
    fixed = Person(court.site.session, court.issuer, cookies=before)
    assert (await fixed.go("GET", url))[0] == 400
    _, other, page = await Person(court.site.session, court.issuer).begin(
        client_id="wallet", request_uri=(await client.push()).body["request_uri"]
    )
    assert (await person.go("GET", other))[0] == 400  # signed in there is not signed in here


async def test_b22_a_suspended_tenant_serves_no_token(court: Court) -> None:
    client = court.client()
    token = (await client.obtain()).body["access_token"]
    admin = await court.site.database.connect_admin()
    await admin.execute("UPDATE agent.tenants SET status = 'suspended' WHERE name = 'alpha'")
    await admin.execute("SELECT pg_notify('chancery_catalogue', $1)", str(court.site.alpha.id))
    await admin.close()
    async with asyncio.timeout(5):
        while (await client.wallet.send("POST", f"{court.issuer}/nonce")).status == 200:  # noqa: ASYNC110  # asked again
            await asyncio.sleep(0.05)
    headers = {"Authorization": f"Bearer {token}"}
    answer = await client.wallet.send("POST", f"{court.issuer}/credential", json={}, headers=headers)
    assert answer.status == 404


async def test_b23_nothing_is_widened_at_token_or_refresh(court: Court) -> None:
    client = court.client()
    answer = await client.authorize()
    token = await client.redeem(answer["code"], scope="pid other", authorization_details=details("pid", "other"))
    assert token.body["scope"] == "pid"
    assert "authorization_details" not in token.body
    refreshed = await client.refresh(token.body["refresh_token"], scope="pid admin")
    assert refreshed.body.get("scope", "pid") == "pid"


@pytest.mark.parametrize("path", ["/t/alpha/.well-known/nothing", "/.well-known/oauth-authorization-server/t/none"])
async def test_b24_metadata_has_one_place(court: Court, path: str) -> None:
    assert (await court.client().wallet.send("GET", f"{court.site.url}{path}")).status == 404


UNGRANTABLE: list[tuple[dict[str, Any], str]] = [
    ({"scope": "nothing"}, "invalid_scope"),
    ({"scope": None}, "invalid_scope"),
    ({"authorization_details": "[]"}, "invalid_authorization_details"),
    ({"authorization_details": "{"}, "invalid_authorization_details"),
    ({"authorization_details": '[{"type":"other"}]'}, "invalid_authorization_details"),
    ({"authorization_details": details("none")}, "invalid_scope"),
    ({"issuer_state": "guessed"}, "invalid_request"),
    ({"dpop_jkt": "x"}, "invalid_request"),
    ({"state": "x" * 3000}, "invalid_request"),
]


async def test_what_cannot_be_granted_is_refused_at_the_push(court: Court) -> None:
    for changes, error in UNGRANTABLE:
        refused = await court.client().push(**changes)
        assert (refused.status, refused.error) == (400, error), changes


async def test_an_unknown_client_is_refused_unless_the_tenant_allows_any(court: Court) -> None:
    stranger = court.client(client_id="stranger")
    assert (await stranger.push()).error == "unauthorized_client"
    await court.configure(policy={"public_clients": True})
    assert (await stranger.obtain()).status == 200


async def test_wrong_passwords_are_counted_and_lock(court: Court) -> None:
    uri = (await court.client().push()).body["request_uri"]
    person = Person(court.site.session, court.issuer, password="wrong")
    _, url, page = await person.begin(client_id="wallet", request_uri=uri)
    for _ in range(5):
        assert (await person.sign_in(url, page))[0] == 403
    person.password = "correct horse battery"
    assert (await person.sign_in(url, page))[0] == 403  # right, but locked
    assert await court.events("password_attempts") == ["password_attempts"]
    unknown = Person(court.site.session, court.issuer, email="nobody@example.org")
    _, url, page = await unknown.begin(client_id="wallet", request_uri=uri)
    status, _, text = await unknown.sign_in(url, page)
    assert status == 403
    assert "The email address or the password is wrong" in text


async def test_no_personal_data_rests_in_clear(court: Court) -> None:
    await court.client().obtain()
    admin = await court.site.database.connect_admin()
    try:
        for table in ("users", "authorization_sessions", "pushed_authorization_requests", "sessions", "issuances"):
            for row in await admin.fetch(f"SELECT t::text AS text FROM agent.{table} t"):
                assert "rika" not in row["text"]
                assert "wallet.example" not in row["text"]
    finally:
        await admin.close()


async def test_the_authorization_code_flow_is_not_advertised_where_nobody_can_sign_in(court: Court) -> None:
    async def shown() -> dict[str, Any]:
        url = f"{court.site.url}/.well-known/oauth-authorization-server/t/alpha"
        body: dict[str, Any] = (await court.client().wallet.send("GET", url)).body
        return body

    before = await shown()
    assert {"authorization_code", "refresh_token"} < set(before["grant_types_supported"])
    assert before["authorization_endpoint"]
    await court.configure(policy={"password_sign_in": False, "passkey_sign_in": False})
    after = await shown()
    assert after["grant_types_supported"] == ["urn:ietf:params:oauth:grant-type:pre-authorized_code"]
    assert after["response_types_supported"] == []
    assert not {"authorization_endpoint", "pushed_authorization_request_endpoint"} & after.keys()
    await court.configure(policy={"password_sign_in": True})
    assert (await shown())["authorization_endpoint"]


async def test_anonymous_clients_and_certificates_are_advertised_where_they_are_served(court: Court) -> None:
    url = f"{court.site.url}/.well-known/oauth-authorization-server/t/alpha"
    found = (await court.client().wallet.send("GET", url)).body
    assert found["pre-authorized_grant_anonymous_access_supported"] is True
    assert not [one for one in found["token_endpoint_auth_methods_supported"] if one.endswith("tls_client_auth")]
    assert "tls_client_certificate_bound_access_tokens" not in found
    await court.configure(policy={"anonymous_pre_authorized": False})
    found = (await court.client().wallet.send("GET", url)).body
    assert found["pre-authorized_grant_anonymous_access_supported"] is False
    _, made = await court.site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]})
    wallet = court.client().wallet
    assert (await wallet.token(await wallet.offer(made["credential_offer_uri"]))).error == "invalid_client"
