"""Abuse cases C1 to C7, C10, C16, C18 and C20 at the credential endpoint; C8, C9, C11 and C12 have files of their own."""

import asyncio
import base64
import itertools
import json
import logging
import secrets
import time
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from agent.operations.issuing.rounding import rounded
from protocols.openid4vci import nonce as nonces
from protocols.x509 import load_certificate
from tests.agent.operations.test_offers import offer, second_configuration
from tests.authorizing import Person, details, self_signed
from tests.courts import Court
from tests.houses import PERSON, Site
from tests.wallets import Answer, HolderKey, Wallet, b64, claims_of, compact, unb64


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


async def authorized(site: Site, wallet: Wallet, **body: Any) -> tuple[str, str]:
    given = await wallet.offer((await offer(site, **body))["credential_offer_uri"])
    return given["credential_issuer"], (await wallet.token(given)).body["access_token"]


async def issued_count(site: Site) -> int:
    admin = await site.database.connect_admin()
    count = await admin.fetchval("SELECT count(*) FROM agent.credentials WHERE tenant_id = $1", site.alpha.id)
    await admin.close()
    return int(count)


async def test_c1_a_nonce_is_spent_once_also_in_parallel(site: Site, wallet: Wallet) -> None:
    tokens = [await authorized(site, wallet) for _ in range(10)]
    issuer = tokens[0][0]
    proofs = {"jwt": [wallet.proof(issuer, await wallet.nonce(issuer))]}
    answers = await asyncio.gather(*(wallet.credential(issuer, token, proofs) for _, token in tokens))
    assert sorted(one.status for one in answers) == [200] + [400] * 9
    assert {one.error for one in answers if one.status == 400} == {"invalid_nonce"}
    loser = tokens[[one.status for one in answers].index(400)][1]
    fresh = {"jwt": [wallet.proof(issuer, await wallet.nonce(issuer))]}
    assert (await wallet.credential(issuer, loser, fresh)).status == 200


async def test_c2_a_nonce_that_is_old_made_up_foreign_or_empty_is_refused(site: Site, wallet: Wallet) -> None:
    issuer, token = await authorized(site, wallet)
    scope = await site.scope()
    made = partial(nonces.make, random=secrets.token_bytes(10), mac=partial(scope.vault.derive, "c_nonce"))
    good = await wallet.nonce(issuer)
    altered = ("A" if good[0] != "A" else "B") + good[1:]
    dpop = nonces.make(scope.now(), secrets.token_bytes(10), partial(scope.vault.derive, "dpop_nonce"))
    for one in (
        made(scope.now() - timedelta(minutes=6)),
        made(scope.now() + timedelta(minutes=1)),
        altered,
        good + "A",
        dpop,
        await wallet.nonce(site.beta.credential_issuer),
        "x" * 43,
        "",
    ):
        answer = await wallet.credential(issuer, token, {"jwt": [wallet.proof(issuer, one)]})
        assert (answer.status, answer.error) == (400, "invalid_nonce"), one
    assert (await wallet.credential(issuer, token, {"jwt": [wallet.proof(issuer, good)]})).status == 200


async def test_c3_proofs_are_one_type_and_a_list_that_is_not_empty(site: Site, wallet: Wallet) -> None:
    issuer, token = await authorized(site, wallet)
    proof = wallet.proof(issuer, await wallet.nonce(issuer))
    cases: list[tuple[Any, str]] = [
        ({}, "invalid_proof"),
        ({"proofs": None}, "invalid_proof"),
        ({"proofs": {}}, "invalid_proof"),
        ({"proofs": {"jwt": []}}, "invalid_proof"),
        ({"proofs": {"jwt": proof}}, "invalid_proof"),
        ({"proofs": {"jwt": [None]}}, "invalid_proof"),
        ({"proofs": [proof]}, "invalid_proof"),
        ({"proofs": {"jwt": [proof], "attestation": [proof]}}, "invalid_proof"),
        ({"proofs": {"unheard_of": [proof]}}, "invalid_proof"),
        ({"proof": {"proof_type": "jwt", "jwt": proof}}, "invalid_credential_request"),
        ({"proof": {"proof_type": "jwt", "jwt": proof}, "proofs": {"jwt": [proof]}}, "invalid_credential_request"),
    ]
    for changes, error in cases:
        body = {"credential_configuration_id": "pid", **changes}
        headers = {"Authorization": f"Bearer {token}"}
        answer = await wallet.send("POST", f"{issuer}/credential", json=body, headers=headers)
        assert (answer.status, answer.error) == (400, error), changes
    assert (await wallet.credential(issuer, token, {"jwt": [proof]})).status == 200


async def test_c4_a_proof_with_a_fault_is_refused(site: Site, wallet: Wallet) -> None:
    issuer, token = await authorized(site, wallet)
    nonce, key = await wallet.nonce(issuer), wallet.key
    chain = [base64.b64encode(self_signed("holder", key)).decode()]
    honest = wallet.proof(issuer, nonce)
    head, body, _ = honest.split(".")
    unsigned = b64(compact({"typ": "openid4vci-proof+jwt", "alg": "none", "jwk": key.jwk}))
    proofs = {
        "typ": wallet.proof(issuer, nonce, header={"typ": "JWT"}),
        "aud of another": wallet.proof(issuer, nonce, aud=site.beta.credential_issuer),
        "aud as an array": wallet.proof(issuer, nonce, aud=[issuer]),
        "no aud": wallet.proof(issuer, nonce, aud=None),
        "none": f"{unsigned}.{body}.",
        "HS256": wallet.proof(issuer, nonce, header={"alg": "HS256"}),
        "alg of another curve": wallet.proof(issuer, nonce, header={"alg": "ES384"}),
        "alg not offered": wallet.proof(issuer, nonce, header={"alg": "RS256"}),
        "no signature": f"{head}.{body}.",
        "bad signature": f"{head}.{body}.{b64(bytes(64))}",
        "signed by another": wallet.proof(issuer, nonce, header={"jwk": HolderKey().jwk}),
        "iat old": wallet.proof(issuer, nonce, iat=int(time.time()) - 3600),
        "iat to come": wallet.proof(issuer, nonce, iat=int(time.time()) + 3600),
        "no iat": wallet.proof(issuer, nonce, iat=None),
        "expired": wallet.proof(issuer, nonce, exp=int(time.time()) - 3600),
        "jwk and kid": wallet.proof(issuer, nonce, header={"kid": "did:example:1#2"}),
        "jwk and x5c": wallet.proof(issuer, nonce, header={"x5c": chain}),
        "kid that is no DID": wallet.proof(issuer, nonce, header={"jwk": None, "kid": "1"}),
        "x5c empty": HolderKey().jwt({"typ": "openid4vci-proof+jwt", "x5c": []}, {"aud": issuer, "nonce": nonce}),
        "crit": wallet.proof(issuer, nonce, header={"crit": ["exp"]}),
        "jku": HolderKey().jwt({"typ": "openid4vci-proof+jwt", "jku": "https://e.example"}, {"nonce": nonce}),
        "not a JWT": "x",
    }
    for fault, proof in proofs.items():
        answer = await wallet.credential(issuer, token, {"jwt": [proof]})
        assert (answer.status, answer.error) == (400, "invalid_proof"), fault
    assert (await wallet.credential(issuer, token, {"jwt": [honest]})).status == 200


async def test_a_proof_may_name_its_key_by_certificate(site: Site, wallet: Wallet) -> None:
    issuer, token = await authorized(site, wallet)
    chain = [base64.b64encode(self_signed("holder", wallet.key)).decode()]
    other = [base64.b64encode(self_signed("other", HolderKey())).decode()]

    async def ask(x5c: Any) -> Answer:
        claims = {"aud": issuer, "iat": int(time.time()), "nonce": await wallet.nonce(issuer)}
        proof = wallet.key.jwt({"typ": "openid4vci-proof+jwt", "x5c": x5c}, claims)
        return await wallet.credential(issuer, token, {"jwt": [proof]})

    for wrong in (other, ["AAAA"], "AAAA", chain * 2):
        assert (await ask(wrong)).error == "invalid_proof"
    answer = await ask(chain)
    assert answer.status == 200, answer
    assert claims_of(answer.body["credentials"][0]["credential"])["cnf"] == {"jwk": wallet.key.jwk}


async def test_c5_a_private_key_in_a_proof_is_refused_told_and_kept_nowhere(
    court: Court, caplog: pytest.LogCaptureFixture
) -> None:
    wallet, site = Wallet(court.site.session), court.site
    issuer, token = await authorized(site, wallet)
    secret = b64(wallet.key.private.private_numbers().private_value.to_bytes(32, "big"))
    with caplog.at_level(logging.DEBUG):
        header = {"jwk": {**wallet.key.jwk, "d": secret}}
        proof = wallet.proof(issuer, await wallet.nonce(issuer), header=header)
        answer = await wallet.credential(issuer, token, {"jwt": [proof]})
    assert (answer.status, answer.error) == (400, "invalid_proof")
    assert secret not in json.dumps(answer.body)
    assert all(secret not in str(record.__dict__) for record in caplog.records)
    assert await court.events("private_key_exposed", "proof.refused") == ["proof.refused", "private_key_exposed"]


async def test_c6_one_bad_proof_spoils_the_batch_and_nothing_is_issued(site: Site, wallet: Wallet) -> None:
    issuer, token = await authorized(site, wallet)
    nonce = await wallet.nonce(issuer)
    good = [wallet.proof(issuer, nonce, HolderKey()) for _ in range(11)]
    bad = wallet.proof(issuer, nonce, HolderKey(), aud="https://other.example")
    other = wallet.proof(issuer, await wallet.nonce(issuer), HolderKey())
    for proofs, error in (
        ([good[0], good[1], good[0]], "invalid_proof"),
        (good, "invalid_proof"),
        ([good[0], bad, good[1]], "invalid_proof"),
        ([good[0], other], "invalid_nonce"),
    ):
        answer = await wallet.credential(issuer, token, {"jwt": proofs})
        assert (answer.status, answer.error) == (400, error)
    assert await issued_count(site) == 0
    answer = await wallet.credential(issuer, token, {"jwt": good[:10]})
    assert len(answer.body["credentials"]) == 10


async def test_c7_credentials_of_a_batch_share_nothing_that_links_them(site: Site, wallet: Wallet) -> None:
    issuer, token = await authorized(site, wallet)
    nonce = await wallet.nonce(issuer)
    answer = await wallet.credential(
        issuer, token, {"jwt": [wallet.proof(issuer, nonce, HolderKey()) for _ in range(10)]}
    )
    texts = [one["credential"].split("~")[:-1] for one in answer.body["credentials"]]
    salts = [json.loads(unb64(disclosure))[0] for _, *shown in texts for disclosure in shown]
    assert len(set(salts)) == len(salts) == 30
    claims = [claims_of(token) for token, *_ in texts]
    digests = [one for found in claims for one in found["_sd"]]
    assert len(set(digests)) == len(digests)
    places = [one["status"]["status_list"]["idx"] for one in claims]
    assert len(set(places)) == 10
    assert len({after - before for before, after in itertools.pairwise(sorted(places))}) > 1
    assert places != sorted(places)
    begins = {one["iat"] for one in claims}
    (whole,) = begins
    certificate = (await site.scope()).catalogue.key("issuer")
    assert whole % 86_400 == 0 or whole == int(load_certificate(certificate.x5c[0]).not_before.timestamp())


@pytest.mark.parametrize(
    ("lifetime", "step"),
    [
        (None, 86_400),
        (timedelta(days=90), 86_400),
        (timedelta(days=2), 3600),
        (timedelta(hours=2), 60),
        (timedelta(minutes=5), 1),
        (timedelta(seconds=5), 1),
    ],
)
async def test_c7_times_are_rounded_to_what_the_lifetime_can_spare(site: Site, lifetime: Any, step: int) -> None:
    now = (await site.scope()).now()
    found = rounded(now, lifetime)
    assert found.timestamp() % step == 0
    assert timedelta() <= now - found < timedelta(seconds=step)
    later = now + timedelta(hours=1)
    assert rounded(now, lifetime, later) == later


async def test_c10_only_what_was_granted_and_as_it_was_granted(court: Court) -> None:
    await second_configuration(court.site)
    wallet = Wallet(court.site.session)
    issuer, token = await authorized(court.site, wallet)

    async def ask(token: str, **body: Any) -> Answer:
        proof = wallet.proof(issuer, await wallet.nonce(issuer))
        headers = {"Authorization": f"Bearer {token}"}
        body = {"proofs": {"jwt": [proof]}, **body}
        return await wallet.send("POST", f"{issuer}/credential", json=body, headers=headers)

    assert (await ask(token, credential_configuration_id="pid2")).error == "unknown_credential_configuration"
    assert (await ask(token, credential_identifier="pid#1")).error == "unknown_credential_identifier"
    both = await ask(token, credential_configuration_id="pid", credential_identifier="pid#1")
    assert both.error == "invalid_credential_request"
    client = court.client()
    given = await client.obtain(scope=None, authorization_details=details("pid"))
    (granted,) = given.body["authorization_details"]
    (identifier,) = granted["credential_identifiers"]
    token = given.body["access_token"]
    assert (await ask(token, credential_configuration_id="pid")).error == "invalid_credential_request"
    assert (await ask(token, credential_identifier="pid2#1")).error == "unknown_credential_identifier"
    assert (await ask(token, credential_identifier=identifier, unknown="member")).status == 200


async def test_the_order_of_refusals_names_the_first_fault(site: Site, wallet: Wallet) -> None:
    issuer, token = await authorized(site, wallet)
    bad = {"jwt": ["no proof at all"]}
    assert (await wallet.credential(issuer, "unknown", bad, "none")).status == 401
    assert (await wallet.credential(issuer, token, bad, "none")).error == "unknown_credential_configuration"
    assert (await wallet.credential(issuer, token, bad)).error == "invalid_proof"
    stale = {"jwt": [wallet.proof(issuer, "A" * 43)]}
    assert (await wallet.credential(issuer, token, stale)).error == "invalid_nonce"


async def test_c16_notifications_are_ones_own_known_and_final(site: Site, wallet: Wallet) -> None:
    issuances = []
    for _ in range(2):
        made = await offer(site)
        given = await wallet.offer(made["credential_offer_uri"])
        issuer, token = given["credential_issuer"], (await wallet.token(given)).body["access_token"]
        proof = wallet.proof(issuer, await wallet.nonce(issuer))
        answer = await wallet.credential(issuer, token, {"jwt": [proof]})
        issuances.append((made["issuance_id"], token, answer.body["notification_id"]))
    (mine, token, known), (_, _, foreign) = issuances

    async def notify(token: str = token, **body: Any) -> tuple[int, str | None]:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await wallet.send("POST", f"{issuer}/notification", json=body, headers=headers)
        return answer.status, answer.error

    async def noted() -> Any:
        return (await site.api("GET", f"/credential-offers/{mine}"))[1]["notification"]

    accepted = "credential_accepted"
    assert await notify(notification_id=foreign, event=accepted) == (400, "invalid_notification_id")
    assert await notify(notification_id="", event=accepted) == (400, "invalid_notification_id")
    assert await notify(notification_id=7, event=accepted) == (400, "invalid_notification_request")
    assert await notify(notification_id=known, event="bought") == (400, "invalid_notification_request")
    assert await notify(notification_id=known) == (400, "invalid_notification_request")
    assert await notify("x", notification_id=known, event=accepted) == (401, "invalid_token")
    assert await noted() is None
    described = {"event_description": "all well", "unknown": "member"}
    assert await notify(notification_id=known, event=accepted, **described) == (204, None)
    assert await notify(notification_id=known, event=accepted) == (204, None)
    assert await notify(notification_id=known, event="credential_failure") == (204, None)
    assert await noted() == accepted
    assert await notify(notification_id=known, event="credential_deleted") == (204, None)
    assert await noted() == "credential_deleted"


async def test_c18_the_interaction_of_later_drafts_is_neither_announced_nor_taken(court: Court) -> None:
    """A presentation before issuance is made in the browser; the drafts of 1.1 have an endpoint for it, which is not
    there: none is announced, and its parameters change nothing."""
    wallet = Wallet(court.site.session)
    found = await wallet.send("GET", f"{court.site.url}/.well-known/oauth-authorization-server/t/alpha")
    assert not [name for name in found.body if "interactive" in name]
    pushed = await court.client().push(interaction_types_supported="openid4vp_presentation", auth_session="x")
    assert (pushed.status, set(pushed.body)) == (201, {"request_uri", "expires_in"})


@pytest.mark.parametrize(
    "claims",
    [
        *({name: "x"} for name in ("iss", "cnf", "vct", "vct#integrity", "status", "exp", "nbf", "iat", "jti", "_sd")),
        *({name: []} for name in ("_sd_alg", "...", "@context", "__proto__", "constructor")),
        {"address": {"_sd": ["x"]}},
        {"address": {"street": {"...": "x"}}},
        {"address": {"list": [{"__proto__": {}}]}},
        {"address": {"@id": "https://e.example"}},
    ],
)
async def test_c20_names_that_a_format_means_something_by_are_no_claims(site: Site, claims: Any) -> None:
    body = {"credential_configuration_ids": ["pid"], "claims": {**PERSON, **claims}}
    status, problem = await site.api("POST", "/credential-offers", body)
    assert (status, problem["code"]) == (422, "invalid_claims")


async def test_c20_values_stay_values(site: Site, wallet: Wallet) -> None:
    values = ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", '","_sd":["x"],"y":"', "a~b~c", "\u2028'\"\\"]
    claims = {"given_name": values[0], "family_name": values[1], "address": {"street": values[2:]}}
    answer = await wallet.obtain((await offer(site, claims=claims))["credential_offer_uri"])
    token, *shown = answer.body["credentials"][0]["credential"].split("~")[:-1]
    found = dict(json.loads(unb64(one))[1:] for one in shown)
    assert found == claims
    assert set(claims_of(token)) == {"vct", "iat", "iss", "exp", "cnf", "status", "_sd", "_sd_alg"}


async def test_c20_display_names_are_encoded_on_pages(court: Court) -> None:
    admin = await court.site.database.connect_admin()
    await admin.execute(
        "UPDATE agent.credential_configurations SET display = $2::jsonb WHERE tenant_id = $1",
        court.site.alpha.id,
        json.dumps([{"name": "<script>alert(1)</script>", "locale": "en"}]),
    )
    await admin.close()
    court.site.house.cache.clear()
    client = court.client()
    pushed = await client.push()
    person = Person(court.site.session, court.issuer)
    _, url, page = await person.begin(client_id=client.client_id, request_uri=pushed.body["request_uri"])
    await person.sign_in(url, page)
    _, _, page = await person.go("GET", url)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
