"""Presentations that a policy wants before it issues; abuse case C18."""

import html
import re
from typing import Any

from tests.authorizing import Client, Person, answer_of, csrf_of
from tests.courts import Court
from tests.houses import PERSON
from tests.verifying import NAMES, obtain, query
from tests.wallets import PRE_AUTHORIZED, HolderKey, Wallet, code_of

MATCH = [{"path": [name], "claim": [name]} for name in ("given_name", "family_name")]
DEGREE = {"degree": "Dr."}
DIPLOMA = {
    "credential_configuration_id": "diploma",
    "format": "dc+sd-jwt",
    "type": "urn:example:diploma",
    "scope": "diploma",
    "binding_methods": ["jwk"],
    "proof_types": {"jwt": ["ES256"]},
}


async def demand(court: Court, **evidence: Any) -> None:
    """Diplomas are issued to whoever presents a PID."""
    body = {"name": "pid-first", "interval": 1}
    body["required_evidence"] = {"dcql_query": query(), **evidence}
    for method, path, sent in (
        ("POST", "/credential-configurations", DIPLOMA),
        ("POST", "/issuance-policies", body),
        ("PATCH", "/credential-configurations/diploma", {"policy": "pid-first"}),
    ):
        status, answer = await court.site.api(method, path, sent)
        assert status in (201, 204), answer


def link(page: str, name: str) -> str:
    found = re.search(rf'id="{name}" href="([^"]+)"', page)
    assert found, page
    return html.unescape(found[1])


def state(page: str) -> str:
    found = re.search(r'id="evidence">([^<]+)<', page)
    assert found, page
    return found[1]


async def signed_in(court: Court, **offer: Any) -> tuple[Client, Person, str, str]:
    """(client, person, the URL of the session, its page after sign-in) of a wallet that asks for a diploma."""
    client = court.client()
    pushed = await client.push(**({"scope": "diploma"} | offer))
    assert pushed.status == 201, pushed
    person = Person(court.site.session, court.issuer)
    _, url, page = await person.begin(client_id=client.client_id, request_uri=pushed.body["request_uri"])
    await person.sign_in(url, page)
    return client, person, url, (await person.go("GET", url))[2]


async def decided(person: Person, url: str, page: str, decision: str = "approve") -> tuple[int, dict[str, str]]:
    status, headers, _ = await person.go("POST", f"{url}/decision", csrf=csrf_of(page), decision=decision)
    return status, answer_of(headers.get("Location", ""))


async def test_a_person_presents_between_sign_in_and_consent(court: Court) -> None:
    holder = Wallet(court.site.session)
    pid = await obtain(court.site, holder)
    await demand(court, match=MATCH)
    client, person, url, page = await signed_in(court)
    assert (state(page), 'http-equiv="refresh"' in page, "<svg" in page) == ("waiting", True, True)
    assert 'id="approve"' not in page
    assert "<script" not in page
    # not before it is there
    assert (await decided(person, url, page))[0] == 403
    assert state((await person.go("GET", url))[2]) == "waiting"
    assert link((await person.go("GET", url))[2], "code") == link(page, "code")
    # presented
    assert (await holder.present(link(page, "code"), pid, NAMES)).status == 200
    page = (await person.go("GET", url))[2]
    assert 'id="approve"' in page
    status, answer = await decided(person, url, page)
    assert status == 303
    token = await client.redeem(answer["code"])
    body = {"credential_configuration_id": "diploma"}
    assert (await client.credential(token.body["access_token"], **body)).status == 200
    assert await tied(court) == 1


async def tied(court: Court) -> int:
    """How many presentations are known to be of the person that something was issued to."""
    admin = await court.site.database.connect_admin()
    try:
        found: int = await admin.fetchval(
            "SELECT count(*) FROM agent.subject_keys k JOIN agent.subject_keys p ON p.id = k.person_key_id"
            " WHERE k.request_id IS NOT NULL AND p.request_id IS NULL"
        )
    finally:
        await admin.close()
    return found


async def test_a_person_may_deny_instead(court: Court) -> None:
    await demand(court)
    _, person, url, page = await signed_in(court)
    assert (await decided(person, url, page, "deny"))[1]["error"] == "access_denied"


async def test_c18_somebody_elses_presentation_is_no_evidence(court: Court) -> None:
    """What was presented has to be about who signed in, by the claims that the policy names."""
    stranger = Wallet(court.site.session)
    claims = {**PERSON, "given_name": "Mallory"}
    _, made = await court.site.api(
        "POST", "/credential-offers", {"credential_configuration_ids": ["pid"], "claims": claims}
    )
    foreign = (await stranger.obtain(made["credential_offer_uri"])).body["credentials"][0]["credential"]
    await demand(court, match=MATCH)
    _, person, url, page = await signed_in(court)
    assert (await stranger.present(link(page, "code"), foreign, NAMES)).status == 200
    page = (await person.go("GET", url))[2]
    assert (state(page), 'id="approve"' in page) == ("mismatch", False)
    assert (await decided(person, url, page))[0] == 403
    # asked again, and the right one
    assert (await person.go("POST", f"{url}/evidence", csrf=csrf_of(page), how="again"))[0] == 303
    page = (await person.go("GET", url))[2]
    pid = await obtain(court.site, stranger)
    assert (await stranger.present(link(page, "code"), pid, NAMES)).status == 200
    assert 'id="approve"' in (await person.go("GET", url))[2]


async def test_c18_a_presentation_of_one_sign_in_is_none_of_another(court: Court) -> None:
    holder = Wallet(court.site.session)
    pid = await obtain(court.site, holder)
    await demand(court)
    _, first, url, page = await signed_in(court)
    _, second, other, _ = await signed_in(court)
    assert (await holder.present(link(page, "code"), pid, NAMES)).status == 200
    assert 'id="approve"' in (await first.go("GET", url))[2]
    page = (await second.go("GET", other))[2]
    assert state(page) == "waiting"
    assert (await decided(second, other, page))[0] == 403


async def test_c18_a_wallet_beside_the_browser_comes_back_to_the_browser_that_asked(court: Court) -> None:
    holder = Wallet(court.site.session)
    pid = await obtain(court.site, holder)
    await demand(court)
    _, person, url, page = await signed_in(court)
    status, _, page = await person.go("POST", f"{url}/evidence", csrf=csrf_of(page), how="here")
    assert status == 200
    asked = link(page, "wallet")
    answer = await holder.present(asked, pid, NAMES)
    back = answer.body["redirect_uri"]
    assert state((await person.go("GET", url))[2]) == "waiting"
    # a victim's browser that was sent there brings nothing about
    victim = Person(court.site.session, court.issuer)
    assert (await victim.go("GET", back))[0] == 403
    assert state((await person.go("GET", url))[2]) == "waiting"
    status, headers, _ = await person.go("GET", back)
    assert (status, headers["Location"]) == (303, url)
    assert 'id="approve"' in (await person.go("GET", url))[2]


async def test_c18_the_credential_is_bound_to_the_key_that_presented_if_the_policy_asks(court: Court) -> None:
    holder = Wallet(court.site.session)
    pid = await obtain(court.site, holder)
    await demand(court, same_key=True)
    client, person, url, page = await signed_in(court)
    await holder.present(link(page, "code"), pid, NAMES)
    _, answer = await decided(person, url, (await person.go("GET", url))[2])
    token = (await client.redeem(answer["code"])).body["access_token"]
    body = {"credential_configuration_id": "diploma"}
    assert (await client.credential(token, **body)).error == "credential_request_denied"
    client.wallet.key = holder.key
    assert (await client.credential(token, **body)).status == 200


async def test_evidence_ages_and_belongs_to_its_version_of_the_policy(court: Court) -> None:
    holder = Wallet(court.site.session)
    pid = await obtain(court.site, holder)
    await demand(court)
    client, person, url, page = await signed_in(court)
    await holder.present(link(page, "code"), pid, NAMES)
    _, answer = await decided(person, url, (await person.go("GET", url))[2])
    token = await client.redeem(answer["code"])
    body = {"credential_configuration_id": "diploma"}
    assert (await client.credential(token.body["access_token"], **body)).status == 200
    admin = await court.site.database.connect_admin()
    await admin.execute("UPDATE agent.presentation_requests SET consumed_at = consumed_at - interval '1 hour'")
    await admin.close()
    assert (await client.credential(token.body["access_token"], **body)).error == "credential_request_denied"
    # another version wants its own
    _, person, url, page = await signed_in(court)
    await holder.present(link(page, "code"), pid, NAMES)
    again = {"name": "pid-first", "required_evidence": {"dcql_query": query()}}
    assert (await court.site.api("POST", "/issuance-policies", again))[0] == 201
    assert state((await person.go("GET", url))[2]) == "waiting"


async def test_a_revoked_credential_is_no_evidence(court: Court) -> None:
    holder = Wallet(court.site.session)
    pid = await obtain(court.site, holder)
    await demand(court)
    _, person, url, page = await signed_in(court)
    _, found = await court.site.api("GET", "/credentials")
    for one in found["items"]:
        assert (await court.site.api("POST", f"/credentials/{one['id']}/revoke", {}))[0] == 200
    assert (await holder.present(link(page, "code"), pid, NAMES)).status == 400
    page = (await person.go("GET", url))[2]
    assert (state(page), 'id="approve"' in page) == ("refused", False)


async def test_requests_for_evidence_are_bounded(court: Court) -> None:
    await demand(court)
    _, person, url, page = await signed_in(court)
    statuses = [(await person.go("POST", f"{url}/evidence", csrf=csrf_of(page), how="again"))[0] for _ in range(20)]
    assert statuses == [303] * 19 + [429]
    assert (await person.go("POST", f"{url}/evidence", csrf="x", how="again"))[0] == 400


async def offered(court: Court, claims: Any = None) -> tuple[Wallet, str, str]:
    """(wallet, token, the page for evidence) of a pre-authorized offer that was redeemed."""
    body = {"credential_configuration_ids": ["diploma"], "claims": claims or {**DEGREE, **PERSON}}
    status, made = await court.site.api("POST", "/credential-offers", body)
    assert status == 201, made
    wallet = Wallet(court.site.session)
    given = await wallet.offer(made["credential_offer_uri"])
    form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code_of(given)}
    token = await wallet.send("POST", f"{court.issuer}/token", data=form)
    return wallet, token.body["access_token"], made["evidence_uri"]


async def ask(court: Court, wallet: Wallet, token: str, key: HolderKey | None = None) -> Any:
    proof = wallet.proof(court.issuer, await wallet.nonce(court.issuer), key)
    return await wallet.credential(court.issuer, token, {"jwt": [proof]}, "diploma")


async def come_back(court: Court, wallet: Wallet, token: str, transaction: str) -> Any:
    admin = await court.site.database.connect_admin()
    await admin.execute("UPDATE agent.deferred_issuances SET polled_at = polled_at - interval '1 hour'")
    await admin.close()
    url, headers = f"{court.issuer}/deferred_credential", {"Authorization": f"Bearer {token}"}
    return await wallet.send("POST", url, json={"transaction_id": transaction}, headers=headers)


async def test_a_pre_authorized_offer_waits_for_its_evidence(court: Court) -> None:
    holder = Wallet(court.site.session)
    pid = await obtain(court.site, holder)
    await demand(court, match=MATCH)
    wallet, token, here = await offered(court)
    later = await ask(court, wallet, token)
    assert (later.status, later.body["interval"]) == (202, 1)
    transaction = later.body["transaction_id"]
    assert (await come_back(court, wallet, token, transaction)).status == 202
    _, waiting = await court.site.api("GET", "/approvals")
    assert [one["waiting_for"] for one in waiting["items"]] == [["evidence"]]
    # approving is no evidence
    assert (await court.site.api("POST", f"/approvals/{waiting['items'][0]['id']}/approve", {}))[0] == 204
    assert (await come_back(court, wallet, token, transaction)).status == 202
    person = Person(court.site.session, court.issuer)
    page = (await person.go("GET", here))[2]
    assert (await holder.present(link(page, "code"), pid, NAMES)).status == 200
    assert state((await person.go("GET", here))[2]) == "verified"
    assert (await come_back(court, wallet, token, transaction)).status == 200
    assert (await person.go("GET", here))[0] == 410


async def test_evidence_that_is_there_before_is_no_wait(court: Court) -> None:
    holder = Wallet(court.site.session)
    pid = await obtain(court.site, holder)
    await demand(court, match=MATCH, refuse=True)
    wallet, token, here = await offered(court)
    assert (await ask(court, wallet, token)).error == "credential_request_denied"
    person = Person(court.site.session, court.issuer)
    await holder.present(link((await person.go("GET", here))[2], "code"), pid, NAMES)
    assert await tied(court) == 0
    assert (await ask(court, wallet, token)).status == 200
    assert await tied(court) == 1


async def test_the_tenant_sees_how_the_evidence_of_an_offer_stands(court: Court) -> None:
    holder = Wallet(court.site.session)
    pid = await obtain(court.site, holder)
    await demand(court, match=MATCH)
    body = {"credential_configuration_ids": ["diploma"], "claims": {**DEGREE, **PERSON}}
    _, made = await court.site.api("POST", "/credential-offers", body)

    async def seen() -> list[Any]:
        _, shown = await court.site.api("GET", f"/credential-offers/{made['issuance_id']}")
        return [(one["policy"], one["state"]) for one in shown["evidence"]]

    assert await seen() == [("pid-first", "none")]
    person = Person(court.site.session, court.issuer)
    page = (await person.go("GET", made["evidence_uri"]))[2]
    assert await seen() == [("pid-first", "waiting")]
    await holder.present(link(page, "code"), pid, NAMES)
    assert await seen() == [("pid-first", "verified")]
    assert (await court.site.api("DELETE", f"/credential-offers/{made['issuance_id']}"))[0] == 204
    assert await seen() == []  # nothing is waited for any more


async def test_c18_an_offer_to_one_person_is_not_had_by_presenting_as_another(court: Court) -> None:
    holder = Wallet(court.site.session)
    pid = await obtain(court.site, holder)
    await demand(court, match=MATCH, refuse=True)
    wallet, token, here = await offered(court, {**DEGREE, **PERSON, "family_name": "Musterfrau"})
    person = Person(court.site.session, court.issuer)
    await holder.present(link((await person.go("GET", here))[2], "code"), pid, NAMES)
    assert state((await person.go("GET", here))[2]) == "mismatch"
    assert (await ask(court, wallet, token)).error == "credential_request_denied"


async def test_the_page_of_another_offer_tenant_or_none_is_gone(court: Court) -> None:
    await demand(court)
    _, _, here = await offered(court)
    person = Person(court.site.session, court.issuer)
    elsewhere = here.replace("/t/alpha/", "/t/beta/")
    altered = here[:-1] + ("A" if here[-1] != "A" else "Q")
    for address in (elsewhere, altered, f"{court.issuer}/evidence/x"):
        assert (await person.go("GET", address))[0] == 410, address


async def test_a_haip_verifier_asks_on_the_same_device_alone(court: Court) -> None:
    holder = Wallet(court.site.session)
    pid = await obtain(court.site, holder)
    await demand(court)
    assert (await court.site.api("PATCH", "/verifier", {"profiles": ["haip-1.0"]}))[0] == 204
    _, person, url, page = await signed_in(court)
    assert (state(page), "<svg" in page) == ("none", False)
    page = (await person.go("POST", f"{url}/evidence", csrf=csrf_of(page), how="again"))[2]
    answer = await holder.present(link(page, "wallet"), pid, NAMES)
    await person.go("GET", answer.body["redirect_uri"])
    assert 'id="approve"' in (await person.go("GET", url))[2]


async def test_a_verification_policy_decides_what_is_evidence(court: Court) -> None:
    holder = Wallet(court.site.session)
    pid = await obtain(court.site, holder)
    unknown = {"name": "x", "required_evidence": {"dcql_query": query(), "verification_policy": "strict"}}
    assert (await court.site.api("POST", "/issuance-policies", unknown))[0] == 422
    strict = {"name": "strict", "types": ["urn:other:1"], "activate": True}
    assert (await court.site.api("POST", "/verification-policies", strict))[0] == 201
    await demand(court, verification_policy="strict")
    _, found = await court.site.api("GET", "/issuance-policies")
    assert found["items"][0]["required_evidence"]["verification_policy"] == "strict"
    _, person, url, page = await signed_in(court)
    assert (await holder.present(link(page, "code"), pid, NAMES)).status == 400
    assert state((await person.go("GET", url))[2]) == "refused"
