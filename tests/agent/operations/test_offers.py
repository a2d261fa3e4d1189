"""Offers, their codes and who guesses at them (abuse cases A1 to A8 and A10); A9 is in authorization/test_code_flow."""

import asyncio
import json
import time
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from agent.operations.issuing import guessing
from tests.courts import Court
from tests.houses import PERSON, Site
from tests.wallets import PRE_AUTHORIZED, Answer, Wallet, code_of


async def offer(site: Site, **body: Any) -> dict[str, Any]:
    status, made = await site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"], **body})
    assert status == 201, made
    return made


async def state(site: Site, made: dict[str, Any]) -> str:
    return str((await site.api("GET", f"/credential-offers/{made['issuance_id']}"))[1]["state"])


async def fetched(site: Site, made: dict[str, Any]) -> Answer:
    url = parse_qs(urlsplit(made["credential_offer_uri"]).query)["credential_offer_uri"][0]
    return await Wallet(site.session).send("GET", url)


async def age(site: Site, made: dict[str, Any], by: timedelta) -> None:
    """Let the time of an offer pass."""
    admin = await site.database.connect_admin()
    await admin.execute(
        "UPDATE agent.issuances SET expires_at = expires_at - $2::interval, code_expires_at = code_expires_at - $2::interval"
        " WHERE id = $1::text::uuid",
        made["issuance_id"],
        by,
    )
    await admin.close()


async def second_configuration(site: Site) -> None:
    """A configuration `pid2` of the same type, beside `pid`."""
    admin = await site.database.connect_admin()
    await admin.execute(
        "INSERT INTO agent.credential_configurations (tenant_id, issuer_id, credential_configuration_id,"
        " type_tenant_id, type_id, format, scope, claims, display, binding, algorithms, lifetime, status_types)"
        " SELECT tenant_id, issuer_id, 'pid2', type_tenant_id, type_id, format, 'pid2', claims, display, binding,"
        " algorithms, lifetime, status_types FROM agent.credential_configurations WHERE tenant_id = $1",
        site.alpha.id,
    )
    await admin.close()
    site.house.cache.clear()


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


async def test_several_configurations_in_one_offer_each_issued_once(site: Site, wallet: Wallet) -> None:
    await second_configuration(site)
    made = await offer(site, credential_configuration_ids=["pid", "pid2"])
    given = await wallet.offer(made["credential_offer_uri"])
    assert given["credential_configuration_ids"] == ["pid", "pid2"]
    issuer, token = given["credential_issuer"], (await wallet.token(given)).body["access_token"]

    async def ask(name: str) -> Answer:
        proof = wallet.proof(issuer, await wallet.nonce(issuer))
        return await wallet.credential(issuer, token, {"jwt": [proof]}, name)

    assert [(await ask(name)).status for name in ("pid", "pid2", "pid", "pid2")] == [200, 200, 400, 400]
    assert await state(site, made) == "issued"


async def test_an_offer_taken_back_is_good_for_nothing(court: Court) -> None:
    wallet, site = Wallet(court.site.session), court.site
    made = await offer(site)
    given = await wallet.offer(made["credential_offer_uri"])
    assert (await site.api("DELETE", f"/credential-offers/{made['issuance_id']}"))[0] == 204
    assert (await wallet.token(given)).error == "invalid_grant"
    assert (await fetched(site, made)).status == 410
    assert await state(site, made) == "cancelled"
    assert await court.events("offer.cancelled") == ["offer.cancelled"]
    assert (await site.api("DELETE", f"/credential-offers/{made['issuance_id']}"))[0] == 409
    assert (await site.api("DELETE", f"/credential-offers/{made['issuance_id']}", key=site.beta.api_key))[0] == 404


async def test_taking_back_ends_a_token_but_not_what_was_issued(site: Site, wallet: Wallet) -> None:
    made = await offer(site)
    given = await wallet.offer(made["credential_offer_uri"])
    token = (await wallet.token(given)).body["access_token"]
    assert (await site.api("DELETE", f"/credential-offers/{made['issuance_id']}"))[0] == 204
    issuer = given["credential_issuer"]
    refused = await wallet.credential(issuer, token, {"jwt": [wallet.proof(issuer, await wallet.nonce(issuer))]})
    assert (refused.status, refused.error) == (401, "invalid_token")
    issued = await offer(site)
    assert (await wallet.obtain(issued["credential_offer_uri"])).status == 200
    assert (await site.api("DELETE", f"/credential-offers/{issued['issuance_id']}"))[0] == 409


async def test_an_offer_to_sign_in_is_taken_back_too(court: Court) -> None:
    made = await offer(court.site, grant="authorization_code")
    given = await Wallet(court.site.session).offer(made["credential_offer_uri"])
    issuer_state = given["grants"]["authorization_code"]["issuer_state"]
    assert (await court.client().push(issuer_state=issuer_state)).status == 201
    assert (await court.site.api("DELETE", f"/credential-offers/{made['issuance_id']}"))[0] == 204
    assert (await court.client().push(issuer_state=issuer_state)).error == "invalid_request"


async def test_anonymous_clients_are_served_where_the_tenant_allows_it(court: Court) -> None:
    wallet, url = Wallet(court.site.session), f"{court.site.url}/.well-known/oauth-authorization-server/t/alpha"
    name = "pre-authorized_grant_anonymous_access_supported"
    assert (await wallet.send("GET", url)).body[name] is True
    given = await wallet.offer((await offer(court.site))["credential_offer_uri"])
    await court.configure(policy={"anonymous_pre_authorized": False})
    assert (await wallet.send("GET", url)).body[name] is False
    refused = await wallet.token(given)
    assert (refused.status, refused.error) == (401, "invalid_client")
    await court.configure(policy={"anonymous_pre_authorized": True})
    assert (await wallet.token(given)).status == 200


@pytest.mark.parametrize("revokes", [False, True])
async def test_a1_a_code_again_is_refused_told_and_ends_the_tokens_where_policy_says_so(
    court: Court, revokes: bool
) -> None:
    await court.configure(policy={"revoke_on_code_replay": revokes})
    wallet = Wallet(court.site.session)
    given = await wallet.offer((await offer(court.site))["credential_offer_uri"])
    token = (await wallet.token(given)).body["access_token"]
    again = await wallet.token(given)
    assert (again.status, again.error) == (400, "invalid_grant")
    assert await court.events("pre_authorized_code_replayed") == ["pre_authorized_code_replayed"]
    proofs = {"jwt": [wallet.proof(court.issuer, await wallet.nonce(court.issuer))]}
    assert (await wallet.credential(court.issuer, token, proofs)).status == (401 if revokes else 200)


async def test_a1_a_code_again_after_the_credential_is_told_too(court: Court) -> None:
    wallet = Wallet(court.site.session)
    made = await offer(court.site)
    given = await wallet.offer(made["credential_offer_uri"])
    assert (await wallet.obtain(made["credential_offer_uri"])).status == 200
    assert (await wallet.token(given)).error == "invalid_grant"
    assert await court.events("pre_authorized_code_replayed") == ["pre_authorized_code_replayed"]


async def test_a2_fifty_at_once_get_one_token(site: Site, wallet: Wallet) -> None:
    given = await wallet.offer((await offer(site))["credential_offer_uri"])
    answers = await asyncio.gather(*(wallet.token(given) for _ in range(50)))
    assert sorted(one.status for one in answers) == [200] + [400] * 49
    assert {one.error for one in answers if one.status == 400} == {"invalid_grant"}


def wrong(tx_code: str) -> str:
    return tx_code[:-1] + str((int(tx_code[-1]) + 1) % 10)


async def test_a3_after_four_wrong_codes_the_right_one_is_taken_after_five_it_is_not(
    site: Site, wallet: Wallet
) -> None:
    for tries, status in ((4, 200), (5, 400)):
        made = await offer(site, tx_code=True)
        given = await wallet.offer(made["credential_offer_uri"])
        for _ in range(tries):
            assert (await wallet.token(given, wrong(made["tx_code"]))).error == "invalid_grant"
        site.house.cache.clear()  # nothing of the count is in this process
        assert (await wallet.token(given, made["tx_code"])).status == status


async def test_a4_guessing_in_parallel_beats_no_counter(court: Court) -> None:
    wallet = Wallet(court.site.session)
    made = await offer(court.site, tx_code=True)
    given = await wallet.offer(made["credential_offer_uri"])
    answers = await asyncio.gather(*(wallet.token(given, wrong(made["tx_code"])) for _ in range(25)))
    assert {one.error for one in answers} == {"invalid_grant"}
    assert (await wallet.token(given, made["tx_code"])).error == "invalid_grant"
    assert await state(court.site, made) == "failed"
    refused = await court.events("tx_code.refused", "offer.failed", "tx_code_exhausted")
    assert sorted(refused) == ["offer.failed", *["tx_code.refused"] * 4, "tx_code_exhausted"]


async def test_a4_the_next_guess_waits_longer(site: Site, wallet: Wallet) -> None:
    made = await offer(site, tx_code=True)
    given = await wallet.offer(made["credential_offer_uri"])
    took = []
    for _ in range(3):
        started = time.monotonic()
        await wallet.token(given, wrong(made["tx_code"]))
        took.append(time.monotonic() - started)
    assert took[0] >= 0.1
    assert took[1] >= 0.2
    assert took[2] >= 0.4


async def test_a4_guesses_at_many_offers_are_counted_together(court: Court) -> None:
    wallet = Wallet(court.site.session)

    async def guess() -> Answer:
        made = await offer(court.site, tx_code=True)
        return await wallet.token(await wallet.offer(made["credential_offer_uri"]), wrong(made["tx_code"]))

    answers = await asyncio.gather(*(guess() for _ in range(guessing.MISSES + 3)))
    assert sorted(one.status for one in answers) == [400] * guessing.MISSES + [429] * 3
    assert {one.error for one in answers if one.status == 429} == {"slow_down"}
    assert await court.events("tx_code_guessed") == ["tx_code_guessed"]
    made = await offer(court.site, tx_code=True)
    assert (await wallet.obtain(made["credential_offer_uri"], made["tx_code"])).status == 200


async def test_a5_a_transaction_code_is_neither_left_out_nor_added(site: Site, wallet: Wallet) -> None:
    asked = await wallet.offer((await offer(site, tx_code=True))["credential_offer_uri"])
    form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code_of(asked), "tx_code": ""}
    for answer in (
        await wallet.token(asked),
        await wallet.send("POST", f"{site.alpha.credential_issuer}/token", data=form),
    ):
        assert (answer.status, answer.error) == (400, "invalid_request")
    plain = await wallet.offer((await offer(site))["credential_offer_uri"])
    assert (await wallet.token(plain, "123456")).error == "invalid_request"
    assert (await wallet.token(plain)).status == 200


async def test_a6_an_offer_that_ended_is_called_expired_however_it_did(site: Site, wallet: Wallet) -> None:
    expired, cancelled, taken = [await offer(site) for _ in range(3)]
    codes = [await wallet.offer(one["credential_offer_uri"]) for one in (expired, cancelled, taken)]
    await age(site, expired, timedelta(hours=1))
    await site.api("DELETE", f"/credential-offers/{cancelled['issuance_id']}")
    assert (await wallet.token(codes[2])).status == 200
    answers = [await fetched(site, one) for one in (expired, cancelled, taken)]
    assert [one.status for one in answers] == [410, 410, 410]
    assert [one.body for one in answers] == [
        {"error": "invalid_request", "error_description": "The offer has expired."}
    ] * 3
    assert [await state(site, one) for one in (expired, cancelled, taken)] == ["expired", "cancelled", "authorized"]
    for given in codes:
        assert (await wallet.token(given)).error == "invalid_grant"


async def test_a7_guessed_offers_are_counted_and_look_alike(court: Court) -> None:
    wallet, site = Wallet(court.site.session), court.site
    status, foreign = await site.api(
        "POST", "/credential-offers", {"credential_configuration_ids": ["pid"]}, key=site.beta.api_key
    )
    assert status == 201
    secret = foreign["credential_offer_uri"].rpartition("%2F")[2]
    assert len(secret) == 43
    url = f"{court.issuer}/credential-offers"
    unknown, other = [await wallet.send("GET", f"{url}/{one}") for one in ("A" * 43, secret)]
    assert (unknown.status, unknown.body) == (other.status, other.body) == (404, other.body)
    answers = await asyncio.gather(*(wallet.send("GET", f"{url}/{number}") for number in range(guessing.MISSES)))
    assert sorted(one.status for one in answers) == [404] * (guessing.MISSES - 2) + [429] * 2
    assert all(one.headers["Retry-After"] == "600" for one in answers if one.status == 429)
    assert await court.events("credential_offer_guessed") == ["credential_offer_guessed"]
    assert (await fetched(site, await offer(site))).status == 200


async def test_a7_the_count_begins_anew_after_its_time(court: Court) -> None:
    wallet, url = Wallet(court.site.session), f"{court.issuer}/credential-offers/x"
    answers = [await wallet.send("GET", url) for _ in range(guessing.MISSES + 1)]
    assert answers[-1].status == 429
    admin = await court.site.database.connect_admin()
    await admin.execute("UPDATE agent.attempt_counters SET began = began - $1::interval", guessing.DURING)
    await admin.close()
    assert (await wallet.send("GET", url)).status == 404


@pytest.mark.parametrize(("key", "status"), [("", 401), ("nonsense", 401), ("auditor", 403)])
async def test_a8_offers_are_made_and_taken_back_with_authority_alone(site: Site, key: str, status: int) -> None:
    if key == "auditor":
        _, answer = await site.api("POST", "/api-keys", {"name": "auditor", "role": "auditor"})
        key = answer["api_key"]
    made = await offer(site)
    for method, path in (("POST", "/credential-offers"), ("DELETE", f"/credential-offers/{made['issuance_id']}")):
        body = {"credential_configuration_ids": ["pid"], "claims": PERSON} if method == "POST" else None
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with site.session.request(method, f"{site.url}/api/v1{path}", json=body, headers=headers) as answer:
            assert answer.status == status
    assert await state(site, made) == "offered"


async def test_a10_another_tenants_code_is_as_unknown_as_any(site: Site, wallet: Wallet) -> None:
    given = await wallet.offer((await offer(site))["credential_offer_uri"])
    elsewhere = {**given, "credential_issuer": site.beta.credential_issuer}
    foreign = await wallet.token(elsewhere)
    unknown = await wallet.token(elsewhere, **{"pre-authorized_code": "A" * 43})
    assert foreign.error == "invalid_grant"
    assert (foreign.status, json.dumps(foreign.body)) == (unknown.status, json.dumps(unknown.body))
    assert code_of(given) not in json.dumps(foreign.body)
    assert (await wallet.token(given)).status == 200
