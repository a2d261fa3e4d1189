"""Deferred issuance from outside and from inside (OpenID4VCI 1.0, 9; abuse cases C13, C14, C15, C17)."""

import asyncio
import json
from typing import Any

import pytest
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from tests.agent.operations.test_encrypted_messages import encrypted
from tests.deferring import Desk, Taker
from tests.houses import PERSON
from tests.wallets import Answer, HolderKey, claims_of, unb64


def subject_claims(answer: Answer) -> dict[str, Any]:
    """What the first credential discloses."""
    _, *disclosures = answer.body["credentials"][0]["credential"].split("~")[:-1]
    return {name: value for _, name, value in (json.loads(unb64(one)) for one in disclosures)}


async def deferred(desk: Desk, bound: bool = False, **offer: Any) -> tuple[Taker, str]:
    """A wallet that was told to come back, and with what."""
    await desk.policy()
    taker = await desk.taker(bound, **offer)
    answer = await taker.ask()
    assert answer.status == 202, answer
    return taker, answer.body["transaction_id"]


async def test_the_endpoint_is_advertised(desk: Desk) -> None:
    metadata = await (await desk.taker()).wallet.metadata(desk.issuer)
    assert metadata["deferred_credential_endpoint"] == f"{desk.issuer}/deferred_credential"


@pytest.mark.parametrize("bound", [False, True])
async def test_what_is_approved_is_delivered(desk: Desk, bound: bool) -> None:
    await desk.policy()
    taker = await desk.taker(bound, claims=PERSON)
    answer = await taker.ask()
    assert answer.status == 202
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.body.keys() == {"transaction_id", "interval"}
    assert answer.body["interval"] == 5
    transaction_id = answer.body["transaction_id"]
    (waiting,) = await desk.waiting()
    assert (waiting["issuance_id"], waiting["waiting_for"]) == (taker.issuance, ["approval"])
    _, shown = await desk.site.api("GET", f"/approvals/{waiting['id']}")
    assert shown["claims"] == PERSON
    await desk.later()
    again = await taker.come_back(transaction_id)
    assert (again.status, again.body) == (202, {"transaction_id": transaction_id, "interval": 5})
    assert (await desk.approve())[0] == 204
    await desk.later()
    issued = await taker.come_back(transaction_id)
    assert issued.status == 200, issued
    assert issued.body.keys() == {"credentials"}
    assert subject_claims(issued) == PERSON
    assert claims_of(issued.body["credentials"][0]["credential"].split("~")[0])["cnf"]["jwk"] == taker.wallet.key.jwk
    assert await desk.waiting() == []
    kinds = ("issuance.deferred", "claims.read", "issuance.approved", "credential.issued")
    assert sorted(await desk.events(*kinds)) == sorted(kinds)
    _, offer = await desk.site.api("GET", f"/credential-offers/{taker.issuance}")
    assert (offer["state"], len(offer["credentials"])) == ("issued", 1)


async def test_whoever_approves_may_correct_the_claims(desk: Desk) -> None:
    taker, transaction_id = await deferred(desk, claims=PERSON)
    status, problem = await desk.approve(claims={"given_name": 7})
    assert (status, problem["code"]) == (422, "invalid_claims")
    assert (await desk.approve(claims={**PERSON, "family_name": "Musterfrau"}))[0] == 204
    await desk.later()
    assert subject_claims(await taker.come_back(transaction_id))["family_name"] == "Musterfrau"


async def test_claims_may_come_with_the_approval(desk: Desk) -> None:
    await desk.configure(claim_source={"kind": "given"})
    taker = await desk.taker()
    answer = await taker.ask()
    assert answer.status == 202
    (waiting,) = await desk.waiting()
    assert waiting["waiting_for"] == ["claims"]
    status, problem = await desk.approve()
    assert (status, problem["code"]) == (422, "claims_missing")
    assert (await desk.approve(claims=PERSON))[0] == 204
    await desk.later()
    assert subject_claims(await taker.come_back(answer.body["transaction_id"])) == PERSON


async def test_a_decision_stands(desk: Desk) -> None:
    _, _ = await deferred(desk)
    (one,) = await desk.waiting()
    assert (await desk.approve())[0] == 204
    assert (await desk.site.api("POST", f"/approvals/{one['id']}/approve", {}))[0] == 409
    assert (await desk.deny())[0] == 204  # not delivered yet: it may still be taken back
    assert (await desk.site.api("POST", f"/approvals/{one['id']}/approve", {}))[0] == 409
    assert (await desk.site.api("POST", f"/approvals/{one['id']}/deny", {}))[0] == 409


async def test_another_tenant_sees_and_decides_nothing(desk: Desk) -> None:
    await deferred(desk)
    (one,) = await desk.waiting()
    site = desk.site
    assert (await site.api("GET", "/approvals", key=site.beta.api_key))[1]["items"] == []
    for method, path in (("GET", ""), ("POST", "/approve"), ("POST", "/deny")):
        status, _ = await site.api(method, f"/approvals/{one['id']}{path}", {}, site.beta.api_key)
        assert status == 404
    assert (await site.api("PUT", f"/credential-offers/{one['issuance_id']}/payment", key=site.beta.api_key))[0] == 404


async def test_a_batch_waits_as_a_whole(desk: Desk) -> None:
    await desk.policy()
    taker = await desk.taker()
    nonce, keys = await taker.wallet.nonce(desk.issuer), [HolderKey() for _ in range(3)]
    answer = await taker.ask(proofs={"jwt": [taker.wallet.proof(desk.issuer, nonce, key) for key in keys]})
    await desk.approve()
    await desk.later()
    issued = await taker.come_back(answer.body["transaction_id"])
    bound = [claims_of(one["credential"].split("~")[0])["cnf"]["jwk"] for one in issued.body["credentials"]]
    assert bound == [key.jwk for key in keys]


# C13: bound to issuance, token and key


async def test_c13_a_deferred_transaction_of_somebody_else_is_not_known(desk: Desk) -> None:
    taker, transaction_id = await deferred(desk)
    await desk.approve()
    await desk.later()
    other = await desk.taker()
    await other.ask()
    stolen = await other.come_back(transaction_id)
    assert (stolen.status, stolen.error) == (400, "invalid_transaction_id")
    unknown = await other.come_back("x" * 43)
    assert unknown.body == stolen.body
    taker.token = "x" * 43
    assert (await taker.come_back(transaction_id)).status == 401


async def test_c13_a_deferred_transaction_of_another_tenant_is_not_known(desk: Desk) -> None:
    taker, transaction_id = await deferred(desk)
    taker.issuer = desk.site.beta.credential_issuer
    assert (await taker.come_back(transaction_id)).status == 401


async def test_c13_a_deferred_transaction_needs_the_key_of_its_token(desk: Desk) -> None:
    taker, transaction_id = await deferred(desk, bound=True)
    await desk.approve()
    await desk.later()
    right, taker.dpop_key = taker.dpop_key, HolderKey()
    assert (await taker.come_back(transaction_id)).status == 401
    taker.dpop_key = None
    assert (await taker.come_back(transaction_id)).status == 401
    taker.dpop_key = right
    headers = taker.headers("/deferred_credential")
    url, body = f"{desk.issuer}/deferred_credential", {"transaction_id": transaction_id}
    assert (await taker.wallet.send("POST", url, json=body, headers=headers)).status == 200
    replayed = await taker.wallet.send("POST", url, json=body, headers=headers)
    assert replayed.status == 401
    assert "invalid_dpop_proof" in replayed.headers["WWW-Authenticate"]


async def test_a_bound_token_lives_on_for_what_waits_and_a_bearer_token_does_not(desk: Desk) -> None:
    """OpenID4VCI 1.0, 13.10: what lives long is bound to a key."""
    bound, transaction_id = await deferred(desk, bound=True)
    await desk.approve()
    bearer, idle = await desk.taker(), await desk.taker(bound=True)
    other = (await bearer.ask()).body["transaction_id"]
    await desk.later()
    for one in (bound, bearer, idle):
        await desk.outlive(one)
    assert (await bound.ask()).status == 401
    assert (await bearer.come_back(other)).status == 401
    assert (await idle.come_back(transaction_id)).status == 401
    assert (await bound.come_back(transaction_id)).status == 200


# C14: in time, once, and no more after a refusal


async def test_c14_polling_faster_than_the_interval_is_told_to_slow_down(desk: Desk) -> None:
    taker, transaction_id = await deferred(desk)
    early = await taker.come_back(transaction_id)
    assert (early.status, early.error, early.headers["Retry-After"]) == (429, "slow_down", "5")
    await desk.later()
    assert (await taker.come_back(transaction_id)).status == 202
    assert (await taker.come_back(transaction_id)).status == 429


async def test_c14_there_is_one_delivery(desk: Desk) -> None:
    taker, transaction_id = await deferred(desk)
    await desk.approve()
    await desk.later()
    answers = await asyncio.gather(*(taker.come_back(transaction_id) for _ in range(12)))
    assert sorted(one.status for one in answers if one.status == 200) == [200]
    assert {one.error for one in answers if one.status != 200} <= {"slow_down", "invalid_transaction_id"}
    after = await taker.come_back(transaction_id)
    assert (after.status, after.error) == (400, "invalid_transaction_id")
    assert (await taker.ask()).error == "credential_request_denied"
    (row,) = await desk.admin("SELECT count(*) FROM credentials")
    assert row[0] == 1


async def test_c14_what_is_denied_stays_denied(desk: Desk) -> None:
    taker, transaction_id = await deferred(desk)
    assert (await desk.deny())[0] == 204
    for _ in range(2):
        denied = await taker.come_back(transaction_id)
        assert (denied.status, denied.error) == (400, "credential_request_denied")
    assert (await taker.ask()).error == "credential_request_denied"
    await desk.configure(policy=None)  # nothing would be outstanding any more
    assert (await taker.ask()).error == "credential_request_denied"
    assert await desk.waiting() == []
    assert await desk.events("issuance.denied", "credential.issued") == ["issuance.denied"]
    (row,) = await desk.admin("SELECT state, failure FROM issuances")
    assert tuple(row) == ("failed", "unknown_person")


# C15: keys are those of the first request


async def test_c15_proofs_of_a_deferred_request_change_no_key(desk: Desk) -> None:
    taker, transaction_id = await deferred(desk)
    await desk.approve()
    await desk.later()
    thief = HolderKey()
    proof = taker.wallet.proof(desk.issuer, await taker.wallet.nonce(desk.issuer), thief)
    issued = await taker.come_back(transaction_id, proofs={"jwt": [proof]})
    assert claims_of(issued.body["credentials"][0]["credential"].split("~")[0])["cnf"]["jwk"] == taker.wallet.key.jwk


async def test_c15_a_second_request_changes_no_key(desk: Desk) -> None:
    taker, transaction_id = await deferred(desk)
    assert (await taker.ask(HolderKey())).error == "credential_request_denied"
    again = await taker.ask()
    assert (again.status, again.body["transaction_id"]) == (202, transaction_id)


ONE, TWO = (JWK.generate(kty="EC", crv="P-256", alg="ECDH-ES", use="enc", kid=name) for name in ("one", "two"))


def to(key: JWK) -> dict[str, Any]:
    return {"jwk": key.export_public(as_dict=True), "enc": "A128GCM"}


def opened(answer: Answer, key: JWK) -> Any:
    assert answer.headers["Content-Type"] == "application/jwt", answer
    envelope = JWE()
    envelope.deserialize(answer.body, key)
    return json.loads(envelope.payload)


async def sealed(taker: Taker, path: str, body: dict[str, Any]) -> Answer:
    metadata = await taker.wallet.metadata(taker.issuer)
    (key,) = metadata["credential_request_encryption"]["jwks"]["keys"]
    headers = taker.headers(path, **{"Content-Type": "application/jwt"})
    return await taker.wallet.send("POST", f"{taker.issuer}{path}", data=encrypted(key, body), headers=headers)


async def secretly(desk: Desk, bound: bool) -> tuple[Taker, str]:
    """Deferred under encryption, and approved."""
    await desk.policy()
    taker = await desk.taker(bound)
    proof = taker.wallet.proof(desk.issuer, await taker.wallet.nonce(desk.issuer))
    body = {"credential_configuration_id": "pid", "proofs": {"jwt": [proof]}, "credential_response_encryption": to(ONE)}
    answer = await sealed(taker, "/credential", body)
    assert answer.status == 202
    told = opened(answer, ONE)
    assert told.keys() == {"transaction_id", "interval"}
    return taker, told["transaction_id"]


@pytest.mark.parametrize("bound", [False, True])
async def test_what_waits_is_encrypted_as_what_comes(desk: Desk, bound: bool) -> None:
    taker, transaction_id = await secretly(desk, bound)
    body = {"transaction_id": transaction_id, "credential_response_encryption": to(ONE)}
    await desk.later()
    waits = await sealed(taker, "/deferred_credential", body)
    assert (waits.status, opened(waits, ONE)["interval"]) == (202, 5)
    await desk.approve()
    await desk.later()
    issued = await sealed(taker, "/deferred_credential", body)
    assert issued.status == 200
    assert len(opened(issued, ONE)["credentials"]) == 1


async def test_c15_a_bearer_token_swaps_no_encryption_key(desk: Desk) -> None:
    taker, transaction_id = await secretly(desk, bound=False)
    await desk.approve()
    await desk.later()
    body = {"transaction_id": transaction_id, "credential_response_encryption": to(TWO)}
    swapped = await sealed(taker, "/deferred_credential", body)
    assert (swapped.status, swapped.error) == (400, "invalid_encryption_parameters")
    await desk.later()
    assert (await taker.come_back(transaction_id)).error == "invalid_encryption_parameters"
    in_clear = await taker.come_back(transaction_id, credential_response_encryption=to(ONE))
    assert in_clear.error == "invalid_encryption_parameters"
    await desk.later()
    issued = await sealed(taker, "/deferred_credential", body | {"credential_response_encryption": to(ONE)})
    assert issued.status == 200


async def test_a_wallet_that_proves_its_token_may_bring_a_new_encryption_key(desk: Desk) -> None:
    """OpenID4VCI 1.0, 9.1 and 9.2: the one newly provided is used."""
    taker, transaction_id = await secretly(desk, bound=True)
    await desk.approve()
    await desk.later()
    body = {"transaction_id": transaction_id, "credential_response_encryption": to(TWO)}
    assert len(opened(await sealed(taker, "/deferred_credential", body), TWO)["credentials"]) == 1


# C17: a retry


async def test_c17_an_answer_that_was_lost_is_given_again(desk: Desk) -> None:
    """At first with the same transaction_id; after the delivery refused, with one credential and one index."""
    taker, transaction_id = await deferred(desk)
    answers = await asyncio.gather(*(taker.ask() for _ in range(5)))
    assert {one.body["transaction_id"] for one in answers if one.status == 202} <= {transaction_id}
    await desk.approve()
    await desk.later()
    assert (await taker.come_back(transaction_id)).status == 200
    await desk.later()
    assert (await taker.come_back(transaction_id)).error == "invalid_transaction_id"
    assert (await taker.ask()).error == "credential_request_denied"
    (row,) = await desk.admin("SELECT (SELECT count(*) FROM credentials), (SELECT count(*) FROM status_list_entries)")
    assert tuple(row) == (1, 1)


# The form


@pytest.mark.parametrize("body", [b"", b"[]", b'{"transaction_id": 7}', b'{"transaction_id": ""}', b"{}", b"nonsense"])
async def test_a_malformed_request_is_refused(desk: Desk, body: bytes) -> None:
    taker, _ = await deferred(desk)
    headers = taker.headers("/deferred_credential", **{"Content-Type": "application/json"})
    answer = await taker.wallet.send("POST", f"{desk.issuer}/deferred_credential", data=body, headers=headers)
    assert (answer.status, answer.error) == (400, "invalid_credential_request")


async def test_a_request_without_a_token_is_challenged(desk: Desk) -> None:
    taker, transaction_id = await deferred(desk)
    answer = await taker.wallet.send(
        "POST", f"{desk.issuer}/deferred_credential", json={"transaction_id": transaction_id}
    )
    assert answer.status == 401
    assert "WWW-Authenticate" in answer.headers


async def test_what_waits_is_sealed_and_goes_when_it_is_over(desk: Desk) -> None:
    taker, transaction_id = await deferred(desk, claims={"given_name": "Quetzal"})
    (row,) = await desk.admin("SELECT request_sealed, transaction_hash FROM deferred_issuances")
    assert b"Quetzal" not in row["request_sealed"]
    assert transaction_id.encode() not in row["transaction_hash"]
    size = len(row["request_sealed"])
    await desk.approve()
    await desk.later()
    await taker.come_back(transaction_id)
    (row,) = await desk.admin("SELECT state, length(request_sealed) AS size FROM deferred_issuances")
    assert row["state"] == "collected"
    assert row["size"] < size
