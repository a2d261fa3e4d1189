"""Issuance policies: who may have a credential, how many, for how much, and by whose leave."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from tests.deferring import Desk
from tests.houses import PERSON
from tests.verifying import query
from tests.wallets import Answer

FREE: dict[str, Any] = {"name": "free", "approval": False, "interval": 3}
ADULTS = {
    "type": "object",
    "properties": {"birthdate": {"type": "string", "pattern": "^19"}},
    "required": ["birthdate"],
}
FEE = {"amount": "12.50", "currency": "EUR"}


async def got(desk: Desk, **offer: Any) -> Answer:
    return await (await desk.taker(**offer)).ask()


async def test_claims_have_to_fit_the_policy(desk: Desk) -> None:
    await desk.policy(**FREE, claims=ADULTS)
    assert (await got(desk, claims=PERSON)).status == 200
    refused = await got(desk, claims={**PERSON, "birthdate": "2014-08-12"})
    assert (refused.status, refused.error) == (400, "credential_request_denied")


async def test_a_person_has_as_many_as_the_policy_says(desk: Desk) -> None:
    await desk.policy(**FREE, max_active=2)
    assert [(await got(desk, subject="erika")).status for _ in range(3)] == [200, 200, 400]
    assert (await got(desk, subject="max")).status == 200
    (row, *_) = await desk.admin("SELECT issuance_id FROM credentials ORDER BY issued_at, id")
    assert (await desk.site.api("POST", f"/credentials/{row[0]}/revoke", {}))[0] == 200
    assert (await got(desk, subject="erika")).status == 200


async def test_a_limit_holds_when_everybody_comes_at_once(desk: Desk) -> None:
    await desk.policy(**FREE, max_active=2)
    takers = [await desk.taker(subject="erika") for _ in range(8)]
    answers = await asyncio.gather(*(one.ask() for one in takers))
    assert sorted(one.status for one in answers) == [200] * 2 + [400] * 6
    assert {one.error for one in answers if one.status == 400} == {"credential_request_denied"}
    (row,) = await desk.admin("SELECT count(*) FROM credentials")
    assert row[0] == 2


async def test_a_person_comes_again_after_the_cool_down_only(desk: Desk) -> None:
    await desk.policy(**FREE, cool_down=3600)
    assert (await got(desk, subject="erika")).status == 200
    assert (await got(desk, subject="erika")).error == "credential_request_denied"
    await desk.admin("UPDATE credentials SET issued_at = issued_at - interval '2 hours'")
    assert (await got(desk, subject="erika")).status == 200


async def test_nothing_is_issued_until_it_is_paid(desk: Desk) -> None:
    await desk.policy(**FREE, fee=FEE)
    taker = await desk.taker()
    answer = await taker.ask()
    assert (answer.status, answer.body["interval"]) == (202, 3)
    (waiting,) = await desk.waiting()
    assert waiting["waiting_for"] == ["payment"]
    await desk.later()
    assert (await taker.come_back(answer.body["transaction_id"])).status == 202
    for _ in range(2):
        assert (await desk.site.api("PUT", f"/credential-offers/{taker.issuance}/payment"))[0] == 204
    await desk.later()
    assert (await taker.come_back(answer.body["transaction_id"])).status == 200
    assert "payment.recorded" in await desk.events("payment.recorded")
    (row,) = await desk.admin("SELECT i.policy_id = p.id FROM issuances i, issuance_policies p")
    assert row[0]


async def test_what_was_paid_before_is_issued_at_once(desk: Desk) -> None:
    await desk.policy(**FREE, fee=FEE)
    taker = await desk.taker()
    await desk.site.api("PUT", f"/credential-offers/{taker.issuance}/payment")
    assert (await taker.ask()).status == 200


async def test_a_policy_may_refuse_instead_of_waiting(desk: Desk) -> None:
    await desk.policy(**FREE, fee={**FEE, "refuse": True})
    taker = await desk.taker()
    assert (await taker.ask()).error == "credential_request_denied"
    assert await desk.waiting() == []
    await desk.site.api("PUT", f"/credential-offers/{taker.issuance}/payment")
    assert (await taker.ask()).status == 200


async def test_paying_is_no_approval_and_approving_no_payment(desk: Desk) -> None:
    await desk.policy(fee=FEE)
    taker = await desk.taker()
    transaction_id = (await taker.ask()).body["transaction_id"]
    (waiting,) = await desk.waiting()
    assert waiting["waiting_for"] == ["payment", "approval"]
    await desk.site.api("PUT", f"/credential-offers/{taker.issuance}/payment")
    await desk.later()
    assert (await taker.come_back(transaction_id)).status == 202
    await desk.admin("UPDATE issuances SET paid_at = NULL")
    await desk.approve()
    await desk.later()
    assert (await taker.come_back(transaction_id)).status == 202
    await desk.site.api("PUT", f"/credential-offers/{taker.issuance}/payment")
    await desk.later()
    assert (await taker.come_back(transaction_id)).status == 200


async def test_a_request_that_need_not_wait_any_more_closes_what_waited(desk: Desk) -> None:
    await desk.policy(**FREE, fee=FEE)
    taker = await desk.taker()
    transaction_id = (await taker.ask()).body["transaction_id"]
    await desk.site.api("PUT", f"/credential-offers/{taker.issuance}/payment")
    assert (await taker.ask()).status == 200
    await desk.later()
    assert (await taker.come_back(transaction_id)).error == "invalid_transaction_id"
    (row,) = await desk.admin("SELECT count(*) FROM credentials")
    assert row[0] == 1


async def test_a_changed_policy_is_a_new_version_and_the_old_one_stays_on_record(desk: Desk) -> None:
    for interval in (3, 4):
        await desk.policy(**{**FREE, "interval": interval})
    _, found = await desk.site.api("GET", "/issuance-policies")
    (policy,) = found["items"]
    assert (policy["name"], policy["version"], policy["interval"]) == ("free", 2, 4)
    rows = await desk.admin("SELECT version, state FROM issuance_policies ORDER BY version")
    assert [tuple(row) for row in rows] == [(1, "retired"), (2, "active")]


async def test_versions_made_at_once_are_one_after_the_other(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.site.api("POST", "/issuance-policies", FREE) for _ in range(5)))
    assert {status for status, _ in answers} <= {201, 409}
    rows = await desk.admin("SELECT state FROM issuance_policies WHERE state = 'active'")
    assert len(rows) == 1


ASKED = {"dcql_query": query()}
RULE = {"path": ["given_name"], "claim": ["given_name"]}


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"required_evidence": {"query": "unheard-of"}}, "required_evidence"),
        ({"required_evidence": {"dcql_query": {"credentials": []}}}, "required_evidence"),
        ({"required_evidence": {**ASKED, "match": [{**RULE, "credential": "other"}]}}, "required_evidence"),
        ({"claims": {"type": "nonsense"}}, "claims"),
        ({"claims": {"$ref": "http://localhost:1/schema"}}, "claims"),
        ({"claims": {"properties": {"given_name": {"pattern": "(?<=a)b"}}}}, "claims"),
        ({"fee": {**FEE, "gate": "goodwill"}}, "fee"),
        ({"fee": {**FEE, "settings": {"x": 1}}}, "fee"),
    ],
)
async def test_a_policy_that_cannot_decide_is_refused(desk: Desk, change: dict[str, Any], member: str) -> None:
    status, problem = await desk.site.api("POST", "/issuance-policies", {**FREE, **change})
    assert (status, problem["code"], list(problem["errors"])) == (422, "invalid_policy", [member])


@pytest.mark.parametrize(
    "change",
    [
        {"fee": {"amount": "1,5", "currency": "EUR"}},
        {"fee": {"amount": "-1", "currency": "EUR"}},
        {"max_active": 0},
        {"required_evidence": {}},
        {"required_evidence": {**ASKED, "query": "pid-first"}},
        {"required_evidence": {**ASKED, "max_age": 1}},
    ],
)
async def test_a_policy_that_does_not_fit_its_schema_is_refused(desk: Desk, change: dict[str, Any]) -> None:
    status, problem = await desk.site.api("POST", "/issuance-policies", {**FREE, **change})
    assert (status, problem["code"]) == (422, "invalid_input")


async def test_a_policy_that_is_not_there_decides_nothing(desk: Desk) -> None:
    status, problem = await desk.site.api("PATCH", "/credential-configurations/pid", {"policy": "missing"})
    assert (status, problem["code"]) == (422, "invalid_policy")


async def test_who_may_only_approve_may_do_nothing_else(desk: Desk) -> None:
    _, made = await desk.site.api("POST", "/api-keys", {"name": "clerk", "role": "approver"})
    key = made["api_key"]
    assert (await desk.site.api("GET", "/approvals", key=key))[0] == 200
    assert (await desk.site.api("POST", "/issuance-policies", FREE, key))[0] == 403
    payment = f"/credential-offers/{UUID(int=1)}/payment"
    assert (await desk.site.api("PUT", payment, key=key))[0] == 403
