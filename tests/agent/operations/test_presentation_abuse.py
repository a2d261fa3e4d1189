"""Abuse cases D1 to D23 against a verifier over real HTTP and PostgreSQL, named by their numbers."""

import asyncio
import json
from base64 import urlsafe_b64decode
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from agent import gather
from agent.operations.verifying import receive_response
from tests.houses import Site
from tests.verifying import NAMES, PAYMENT, ask, configure, credential_query, hashes, obtain, parameters, query, result
from tests.wallets import HolderKey, Wallet, encrypt, header_of


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


@pytest_asyncio.fixture
async def credential(site: Site, wallet: Wallet) -> str:
    return await obtain(site, wallet)


async def answerable(site: Site, wallet: Wallet, credential: str, **body: Any) -> tuple[Any, Any, Any]:
    """(made, request, vp_token)"""
    made = await ask(site, **body)
    request = await wallet.request(made["authorization_request_uri"])
    return made, request, {"pid": [wallet.presentation(credential, request, NAMES)]}


async def test_d1_a_replay_changes_nothing_and_is_noted(site: Site, wallet: Wallet, credential: str) -> None:
    made, request, token = await answerable(site, wallet, credential)
    assert (await wallet.respond(request, token)).status == 200
    assert (await wallet.respond(request, token)).status == 400
    found = await result(site, made)
    assert (found["state"], found["errors"], found["ignored"]) == ("verified", [], ["answer_late"])


async def test_d2_an_answer_to_another_session_or_tenant_is_refused(
    site: Site, wallet: Wallet, credential: str
) -> None:
    _, _, token = await answerable(site, wallet, credential)
    made, request, _ = await answerable(site, wallet, credential)
    assert (await wallet.respond(request, token)).status == 400
    assert (await result(site, made))["errors"] == ["invalid_key_binding"]
    third, request, token = await answerable(site, wallet, credential)
    there = {**request, "response_uri": request["response_uri"].replace("/t/alpha/", "/t/beta/")}
    assert (await wallet.respond(there, token)).status == 400
    assert (await result(site, third))["state"] == "fetched"


async def test_d3_of_answers_at_once_one_wins(site: Site, wallet: Wallet, credential: str) -> None:
    made, request, token = await answerable(site, wallet, credential)
    answers = await asyncio.gather(*(wallet.respond(request, token) for _ in range(6)))
    assert sorted(one.status for one in answers) == [200] + [400] * 5
    found = await result(site, made)
    assert found["state"] == "verified"
    assert len(found["ignored"]) == 5
    assert set(found["ignored"]) <= {"answer_late", "answer_second"}


@pytest.mark.parametrize(
    "changes",
    [
        {"header": {"alg": "none"}},
        {"key": HolderKey()},
        {"sd_hash": "AAAA"},
        {"iat": 1},
        {"iat": 4_000_000_000},
        {"aud": ["x509_hash:other"]},
        {"aud": "without prefix"},
        {"nonce": "other"},
    ],
    ids=["unsigned", "other key", "sd_hash", "old", "future", "aud array", "aud", "nonce"],
)
async def test_d4_a_key_binding_jwt_that_does_not_fit(
    site: Site, wallet: Wallet, credential: str, changes: dict[str, Any]
) -> None:
    made, request, _ = await answerable(site, wallet, credential)
    if isinstance(changes.get("aud"), list):
        changes = {"aud": [request["client_id"]]}
    token = {"pid": [wallet.presentation(credential, request, NAMES, **changes)]}
    assert (await wallet.respond(request, token)).status == 400
    assert (await result(site, made))["state"] == "refused"


async def test_d4_a_presentation_without_a_key_binding_jwt(site: Site, wallet: Wallet, credential: str) -> None:
    made, request, token = await answerable(site, wallet, credential)
    bare = token["pid"][0].rpartition("~")[0] + "~"
    assert (await wallet.respond(request, {"pid": [bare]})).status == 400
    assert (await result(site, made))["state"] == "refused"
    unbound = query(require_cryptographic_holder_binding=False)
    _, request, _ = await answerable(site, wallet, credential, dcql=unbound)
    assert (await wallet.respond(request, {"pid": [bare]})).status == 200


SETS = {
    "credentials": [credential_query("a"), credential_query("b"), credential_query("c"), credential_query("d")],
    "credential_sets": [{"options": [["a"], ["b", "c"]]}, {"options": [["d"]], "required": False}],
}


@pytest.mark.parametrize(
    ("answered", "status"), [("a", 200), ("bc", 200), ("ad", 200), ("b", 400), ("d", 400), ("bd", 400)]
)
async def test_d7_an_answer_meets_an_option_of_each_required_set(
    site: Site, wallet: Wallet, credential: str, answered: str, status: int
) -> None:
    _, request, token = await answerable(site, wallet, credential, dcql=SETS)
    assert (await wallet.respond(request, dict.fromkeys(answered, token["pid"]))).status == status


async def test_d7_claim_sets_are_read_over_what_was_disclosed(site: Site, wallet: Wallet, credential: str) -> None:
    claims = [{"id": "a", "path": ["given_name"]}, {"id": "b", "path": ["birthdate"]}]
    asked = query(claims=claims, claim_sets=[["a", "b"], ["b"]])
    for names, status in (({"birthdate"}, 200), ({"given_name", "birthdate"}, 200), ({"given_name"}, 400)):
        _, request, _ = await answerable(site, wallet, credential, dcql=asked)
        token = {"pid": [wallet.presentation(credential, request, names)]}
        assert (await wallet.respond(request, token)).status == status


async def test_d8_what_was_not_asked_for_is_refused(site: Site, wallet: Wallet, credential: str) -> None:
    _, request, token = await answerable(site, wallet, credential)
    assert (await wallet.respond(request, {**token, "other": token["pid"]})).status == 400
    loose = {"credentials": [*SETS["credentials"], credential_query("e")], "credential_sets": SETS["credential_sets"]}
    _, request, token = await answerable(site, wallet, credential, dcql=loose)
    assert (await wallet.respond(request, {"a": token["pid"], "e": token["pid"]})).status == 400


@pytest.mark.parametrize("value", [True, 1964, "1964"])
async def test_d9_values_match_by_type_and_undisclosed_claims_not_at_all(
    site: Site, wallet: Wallet, credential: str, value: Any
) -> None:
    asked = query(claims=[{"path": ["birthdate"], "values": [value]}])
    _, request, _ = await answerable(site, wallet, credential, dcql=asked)
    token = {"pid": [wallet.presentation(credential, request, {"birthdate"})]}
    assert (await wallet.respond(request, token)).status == 400
    _, request, token = await answerable(site, wallet, credential, dcql=query(claims=[{"path": ["birthdate"]}]))
    assert (await wallet.respond(request, token)).status == 400


@pytest.mark.parametrize(("multiple", "status"), [(False, 400), (True, 200)])
async def test_d10_two_presentations_need_multiple(
    site: Site, wallet: Wallet, credential: str, multiple: bool, status: int
) -> None:
    _, request, token = await answerable(site, wallet, credential, dcql=query(multiple=multiple))
    assert (await wallet.respond(request, {"pid": token["pid"] * 2})).status == status


async def test_d11_the_authority_is_read_from_the_validated_chain(site: Site, wallet: Wallet, credential: str) -> None:
    from base64 import b64decode

    from protocols import x509
    from protocols.encoding import b64url

    chain = [b64decode(one) for one in header_of(credential.split("~")[0])["x5c"]]
    (own,) = x509.authority_key_identifiers(chain)
    for value, status in ((b64url(own), 200), (b64url(b"another authority!!!"), 400)):
        asked = query(trusted_authorities=[{"type": "aki", "values": [value]}])
        _, request, token = await answerable(site, wallet, credential, dcql=asked)
        assert (await wallet.respond(request, token)).status == status
    for kind in ("etsi_tl", "openid_federation"):
        asked = query(trusted_authorities=[{"type": kind, "values": ["https://list.example"]}])
        status, problem = await site.api("POST", "/presentation-requests", {"dcql_query": asked})
        assert (status, problem["code"]) == (422, "invalid_dcql_query")


def payment(*names: str, **members: Any) -> dict[str, Any]:
    return {"type": PAYMENT, "credential_ids": list(names or ("pid",)), "amount": "12.50", **members}


@pytest_asyncio.fixture
async def payments(site: Site) -> None:
    schema = {"type": "object", "required": ["amount"]}
    await configure(site, transaction_data_types={PAYMENT: schema})


D12 = {
    "confirmed": (lambda sent: {"transaction_data_hashes": hashes(*sent)}, 200),
    "missing": (lambda _: {}, 400),
    "other": (lambda _: {"transaction_data_hashes": hashes("other")}, 400),
    "more": (lambda sent: {"transaction_data_hashes": hashes(*sent, "other")}, 400),
    "decoded": (
        lambda sent: {"transaction_data_hashes": hashes(urlsafe_b64decode(sent[0] + "==").decode())},
        400,
    ),
    "other algorithm": (
        lambda sent: {"transaction_data_hashes": hashes(*sent), "transaction_data_hashes_alg": "sha-512"},
        400,
    ),
}


@pytest.mark.parametrize("case", D12)
async def test_d12_the_holder_confirms_the_string_as_sent(
    site: Site, wallet: Wallet, credential: str, payments: None, case: str
) -> None:
    confirmed, status = D12[case]
    _, request, _ = await answerable(site, wallet, credential, transaction_data=[payment()])
    said = confirmed(request["transaction_data"])
    token = {"pid": [wallet.presentation(credential, request, NAMES, **said)]}
    assert (await wallet.respond(request, token)).status == status


@pytest.mark.parametrize(("speaks", "status"), [("a", 200), ("b", 200), ("ab", 400), ("", 400)])
async def test_d12_of_several_credentials_exactly_one_confirms(
    site: Site, wallet: Wallet, credential: str, payments: None, speaks: str, status: int
) -> None:
    asked = {"credentials": [credential_query("a"), credential_query("b")]}
    _, request, _ = await answerable(
        site,
        wallet,
        credential,
        dcql=asked,
        transaction_data=[payment("a", "b", transaction_data_hashes_alg=["sha-256"])],
    )
    said = {
        "transaction_data_hashes": hashes(*request["transaction_data"]),
        "transaction_data_hashes_alg": "sha-256",
    }
    token = {
        name: [wallet.presentation(credential, request, NAMES, **(said if name in speaks else {}))] for name in "ab"
    }
    assert (await wallet.respond(request, token)).status == status


@pytest.mark.parametrize(
    "item",
    [
        {"type": "unknown", "credential_ids": ["pid"], "amount": "1"},
        {"type": PAYMENT, "credential_ids": ["other"], "amount": "1"},
        {"type": PAYMENT, "credential_ids": [], "amount": "1"},
        {"type": PAYMENT, "credential_ids": ["pid"]},
        {"type": PAYMENT, "credential_ids": ["pid"], "amount": "1", "transaction_data_hashes_alg": ["md5"]},
    ],
)
async def test_d12_transactions_that_are_never_sent(site: Site, payments: None, item: dict[str, Any]) -> None:
    status, problem = await site.api(
        "POST", "/presentation-requests", {"dcql_query": query(), "transaction_data": [item]}
    )
    assert (status, problem["code"]) == (422, "invalid_transaction_data")


async def browse(site: Site, url: str, cookies: dict[str, str]) -> tuple[int, dict[str, str], dict[str, str]]:
    """(status, headers, cookies afterwards) of a browser that follows nothing by itself."""
    async with site.session.get(url, cookies=cookies, allow_redirects=False) as answer:
        await answer.read()
        return answer.status, dict(answer.headers), cookies | {n: m.value for n, m in answer.cookies.items()}


async def test_d13_the_result_belongs_to_the_browser_that_began(site: Site, wallet: Wallet, credential: str) -> None:
    made = await ask(site, same_device=True, redirect_uri="https://shop.example/done")
    status, _, mine = await browse(site, made["start_uri"], {})
    assert status == 200
    # The attacker's link in the victim's browser: the page is taken.
    assert (await browse(site, made["start_uri"], {}))[0] == 404
    request = await wallet.request(made["authorization_request_uri"])
    answer = await wallet.respond(request, {"pid": [wallet.presentation(credential, request, NAMES)]})
    assert answer.status == 200
    assert answer.body.keys() == {"redirect_uri"}
    # Until the browser is back nobody sees what was disclosed.
    waiting = await result(site, made)
    assert (waiting["state"], waiting["credentials"], waiting["flow"]) == ("answered", [], "same_device")
    back = answer.body["redirect_uri"]
    assert len(parse_qs(urlsplit(back).query)["response_code"][0]) == 43
    for cookies in ({}, {"presentation": "A" * 43}):
        assert (await browse(site, back, cookies))[0] == 403
    status, problem = await site.api(
        "POST",
        f"/presentation-requests/{made['presentation_id']}/response-code",
        {"response_code": parse_qs(urlsplit(back).query)["response_code"][0]},
    )
    assert (status, problem["code"]) == (403, "invalid_response_code")
    assert (await browse(site, back[:-3] + "AAA", mine))[0] == 403
    status, headers, _ = await browse(site, back, mine)
    assert (status, headers["Location"]) == (303, "https://shop.example/done")
    assert (await result(site, made))["state"] == "verified"
    assert (await browse(site, back, mine))[0] == 403


async def test_d13_a_verifiers_own_page_redeems_the_code_once(site: Site, wallet: Wallet, credential: str) -> None:
    made, request, token = await answerable(site, wallet, credential, redirect_uri="https://shop.example/cb?x=1#top")
    back = (await wallet.respond(request, token)).body["redirect_uri"]
    assert back.startswith("https://shop.example/cb?x=1&response_code=")
    code = parse_qs(urlsplit(back).query)["response_code"][0]
    path = f"/presentation-requests/{made['presentation_id']}/response-code"
    assert (await site.api("POST", path, {"response_code": code[::-1]}))[0] == 403
    status, found = await site.api("POST", path, {"response_code": code})
    assert (status, found["state"]) == (201, "verified") or (status, found["state"]) == (200, "verified")
    assert found["credentials"][0]["claims"]["family_name"] == "Mustermann"
    assert (await site.api("POST", path, {"response_code": code}))[0] == 403


async def test_d14_a_cross_device_link_is_short_lived_and_the_result_says_what_it_was(site: Site) -> None:
    from datetime import UTC, datetime, timedelta

    made = await ask(site)
    found = await result(site, made)
    assert found["flow"] == "cross_device"
    assert datetime.fromisoformat(found["expires_at"]) <= datetime.now(UTC) + timedelta(minutes=5)


async def test_d15_one_reference_is_not_another(site: Site, wallet: Wallet, credential: str) -> None:
    made, request, token = await answerable(site, wallet, credential)
    fetched, posted = parameters(made["authorization_request_uri"])["request_uri"], request["response_uri"]
    swapped = {**request, "response_uri": posted.rpartition("/")[0] + "/" + fetched.rpartition("/")[2]}
    assert (await wallet.respond(swapped, token)).status == 400
    other = fetched.rpartition("/")[0] + "/" + posted.rpartition("/")[2]
    assert (await wallet.send("GET", other)).status == 404
    for guess in (made["presentation_id"], request["state"], "A" * 43):
        assert (await wallet.send("GET", fetched.rpartition("/")[0] + "/" + guess)).status == 404
    assert (await result(site, made))["state"] == "fetched"
    assert (await site.api("GET", f"/presentation-requests/{made['presentation_id']}", key="guess"))[0] == 401


async def test_d16_a_request_object_by_post_echoes_the_nonce(site: Site, wallet: Wallet) -> None:
    from tests.wallets import claims_of

    made = await ask(site, request_uri_method="post")
    link = parameters(made["authorization_request_uri"])
    assert link["request_uri_method"] == "post"
    answer = await wallet.send("POST", link["request_uri"], data={"wallet_nonce": "qPmxiNFCR3QTm19POc8u"})
    assert answer.headers["Content-Type"] == "application/oauth-authz-req+jwt"
    assert header_of(answer.body)["typ"] == "oauth-authz-req+jwt"
    assert claims_of(answer.body)["wallet_nonce"] == "qPmxiNFCR3QTm19POc8u"
    again = await wallet.send("GET", link["request_uri"])
    assert "wallet_nonce" not in claims_of(again.body)
    assert claims_of(again.body)["nonce"] == claims_of(answer.body)["nonce"]


@pytest.mark.parametrize(
    "form",
    [
        {"wallet_metadata": json.dumps({"x": "x" * 40_000})},
        {"wallet_metadata": "[]"},
        {"wallet_metadata": '{"jwks": {"keys": [{"kty": "RSA"}]}}'},
        {"wallet_metadata": '{"vp_formats_supported": {"mso_mdoc": {}}}'},
        {"wallet_metadata": '{"vp_formats_supported": {"dc+sd-jwt": {"sd-jwt_alg_values": ["PS256"]}}}'},
        {"wallet_metadata": '{"request_object_signing_alg_values_supported": ["PS256"]}'},
        {"wallet_metadata": '{"client_id_prefixes_supported": ["redirect_uri"]}'},
        {"wallet_metadata": '{"response_modes_supported": ["fragment"]}'},
        {"wallet_metadata": '{"authorization_encryption_enc_values_supported": ["A128CBC-HS256"]}'},
        {"wallet_nonce": "n" * 600},
    ],
)
async def test_d16_wallet_metadata_that_does_not_fit(site: Site, wallet: Wallet, form: dict[str, str]) -> None:
    made = await ask(site)
    uri = parameters(made["authorization_request_uri"])["request_uri"]
    assert (await wallet.send("POST", uri, data=form)).status == 400
    assert (await wallet.send("GET", uri)).status == 200


async def test_d16_wallet_metadata_narrows_and_its_key_seals_the_request_object(site: Site, wallet: Wallet) -> None:
    from jwcrypto.jwe import JWE
    from jwcrypto.jwk import JWK

    from tests.wallets import claims_of

    key = JWK.generate(kty="EC", crv="P-256", kid="w1")
    metadata = {
        "jwks": {"keys": [json.loads(key.export_public())]},
        "authorization_encryption_enc_values_supported": ["A256GCM"],
        "unknown": 1,
    }
    made = await ask(site)
    uri = parameters(made["authorization_request_uri"])["request_uri"]
    answer = await wallet.send("POST", uri, data={"wallet_metadata": json.dumps(metadata)})
    assert answer.status == 200
    sealed = JWE()
    sealed.deserialize(answer.body, key)
    assert json.loads(sealed.objects["protected"])["cty"] == "JWT"
    request = claims_of(sealed.payload.decode())
    assert request["client_metadata"]["encrypted_response_enc_values_supported"] == ["A256GCM"]


async def test_d17_what_is_not_encrypted_to_this_sessions_key_is_refused(
    site: Site, wallet: Wallet, credential: str
) -> None:
    _, other, _ = await answerable(site, wallet, credential)
    made, request, token = await answerable(site, wallet, credential)
    payload = {"vp_token": token, "state": request["state"]}
    keys = [one["client_metadata"]["jwks"]["keys"][0] for one in (request, other)]
    assert keys[0]["x"] != keys[1]["x"]
    good = encrypt(request["client_metadata"], payload)
    head, rest = good.split(".", 1)
    changed = head[:-4] + ("AAAA" if head[-4:] != "AAAA" else "BBBB") + "." + rest
    for form in (
        {"vp_token": json.dumps(token), "state": request["state"]},
        {"response": encrypt(other["client_metadata"], payload)},
        {"response": changed},
        {"response": encrypt(request["client_metadata"], payload, "A128CBC-HS256")},
    ):
        assert (await wallet.send("POST", request["response_uri"], data=form)).status == 400
    found = await result(site, made)
    assert (found["state"], found["ignored"]) == ("fetched", ["answer_malformed"] * 4)
    assert (await wallet.send("POST", request["response_uri"], data={"response": good})).status == 200


async def test_d17_the_key_is_the_one_that_kid_names(site: Site, wallet: Wallet, credential: str) -> None:
    made, request, token = await answerable(site, wallet, credential)
    metadata, payload = request["client_metadata"], {"vp_token": token, "state": request["state"]}
    (key,) = metadata["jwks"]["keys"]
    misnamed = encrypt({**metadata, "jwks": {"keys": [{**key, "kid": "a-key-of-nobody"}]}}, payload)
    assert (await wallet.send("POST", request["response_uri"], data={"response": misnamed})).status == 400
    assert (await result(site, made))["ignored"] == ["answer_malformed"]
    good = encrypt(metadata, payload)
    assert (await wallet.send("POST", request["response_uri"], data={"response": good})).status == 200


async def test_d17_the_key_is_gone_after_the_answer(site: Site, wallet: Wallet, credential: str) -> None:
    made, request, token = await answerable(site, wallet, credential)
    assert await sealed_key(site, made)
    await wallet.respond(request, token)
    assert not await sealed_key(site, made)


async def sealed_key(site: Site, made: Any) -> Any:
    from uuid import UUID

    from sqlalchemy import bindparam, select

    from agent.storage.statements import Statement
    from agent.storage.tables import presentation_requests as table

    scope = await site.scope()
    async with scope.unit() as unit:
        where = (table.c.tenant_id == bindparam("tenant"), table.c.id == bindparam("id_"))
        statement = Statement(select(table.c.encryption_key_ref).where(*where))
        return await statement.value(unit.connection, tenant=unit.tenant_id, id_=UUID(made["presentation_id"]))


async def test_d19_an_error_ends_a_session_only_from_who_knows_it(site: Site, wallet: Wallet, credential: str) -> None:
    made, request, token = await answerable(site, wallet, credential)
    forged = {"error": "access_denied", "state": "guess"}
    assert (await wallet.send("POST", request["response_uri"], data=forged)).status == 400
    in_clear = {"error": "access_denied", "state": request["state"]}
    assert (await wallet.send("POST", request["response_uri"], data=in_clear)).status == 200
    found = await result(site, made)
    assert (found["state"], found["ignored"]) == ("fetched", ["answer_malformed", "wallet_declined_in_clear"])
    assert (await wallet.respond(request, token)).status == 200
    made, request, _ = await answerable(site, wallet, credential)
    sealed = encrypt(request["client_metadata"], {"error": "invalid_transaction_data", "state": request["state"]})
    assert (await wallet.send("POST", request["response_uri"], data={"response": sealed})).status == 200
    found = await result(site, made)
    assert (found["state"], found["errors"]) == ("refused", ["wallet_declined", "invalid_transaction_data"])


async def test_d19_a_wallets_own_words_are_not_kept(site: Site, wallet: Wallet, credential: str) -> None:
    made, request, _ = await answerable(site, wallet, credential, response_mode="direct_post")
    form = {"error": "<script>", "error_description": "x", "state": request["state"]}
    assert (await wallet.send("POST", request["response_uri"], data=form)).status == 200
    assert (await result(site, made))["errors"] == ["wallet_declined", "other_error"]


async def test_d20_no_redirect_comes_from_an_answer(site: Site, wallet: Wallet, credential: str) -> None:
    _, request, token = await answerable(site, wallet, credential)
    answer = await wallet.respond(request, token, redirect_uri="https://evil.example")
    assert (answer.status, answer.body) == (200, {})
    await configure(site, redirect_uris=["https://shop.example/cb"])
    body = {"dcql_query": query(), "redirect_uri": "https://evil.example/cb"}
    assert (await site.api("POST", "/presentation-requests", body))[0] == 422
    assert (await site.api("POST", "/presentation-requests", {**body, "redirect_uri": "https://shop.example/cb"}))[
        0
    ] == 201


async def test_d22_a_check_that_breaks_has_failed(
    site: Site, wallet: Wallet, credential: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(gather, "status_of", broken)
    made, request, token = await answerable(site, wallet, credential)
    assert (await wallet.respond(request, token)).status == 400
    found = await result(site, made)
    assert (found["state"], found["errors"], found["credentials"]) == ("refused", ["error"], [])


async def test_d23_the_wallet_is_not_told_which_check_failed(site: Site, wallet: Wallet, credential: str) -> None:
    bodies = []
    for changes in ({"nonce": "other"}, {"key": HolderKey()}, {}):
        _, request, _ = await answerable(site, wallet, credential)
        names = NAMES if changes else {"given_name"}
        token = {"pid": [wallet.presentation(credential, request, names, **changes)]}
        bodies.append((await wallet.respond(request, token)).body)
    reports = {one.pop("report") for one in bodies}  # an id, under which only the operator reads anything
    assert len(reports) == 3
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0] == {"error": "invalid_request", "error_description": receive_response.Refused.__doc__}


async def test_many_ignored_answers_are_bounded(site: Site, wallet: Wallet, credential: str) -> None:
    made, request, _ = await answerable(site, wallet, credential)
    for _ in range(23):
        await wallet.send("POST", request["response_uri"], data={"response": "x"})
    assert len((await result(site, made))["ignored"]) == 20
