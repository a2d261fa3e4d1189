"""Where claims come from: offer, account, uploaded table, the tenant's own system (abuse cases C19, C20, J10)."""

import asyncio
import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from agent.operations.issuing import gather_claims
from tests.agent.operations.test_deferred_issuance import subject_claims
from tests.courts import Court
from tests.deferring import Desk
from tests.houses import PERSON, free_port

PORT = free_port()


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"fetch_allow": f"localhost:{PORT}"}


@dataclass(slots=True)
class Tenants:
    """The tenant's own system: answers with what a test says, and remembers what it was asked."""

    status: int = 200
    members: dict[str, Any] = field(default_factory=dict)
    body: bytes | None = None
    media_type: str = "application/json"
    seconds: float = 0
    asked: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        self.asked.append((dict(request.headers), body))
        await asyncio.sleep(self.seconds)
        if request.path == "/moved":
            return web.Response(status=307, headers={"Location": "/claims"})
        members = {"id": json.loads(body)["id"], **self.members}
        answer = json.dumps(members).encode() if self.body is None else self.body
        return web.Response(status=self.status, body=answer, content_type=self.media_type)


@pytest_asyncio.fixture
async def system(aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]) -> AsyncIterator[Tenants]:
    made = Tenants(members={"claims": PERSON})
    await aiohttp_raw_server(made, port=PORT)
    yield made


async def by_webhook(desk: Desk, path: str = "/claims", **settings: Any) -> None:
    source = {"kind": "webhook", "settings": {"url": f"http://localhost:{PORT}{path}", **settings}}
    await desk.configure(claim_source=source)


# Webhook


async def test_the_tenants_system_says_the_claims(desk: Desk, system: Tenants) -> None:
    await by_webhook(desk)
    taker = await desk.taker(claims={"email": "erika@example.org"})
    issued = await taker.ask()
    assert subject_claims(issued) == {**PERSON, "email": "erika@example.org"}
    ((headers, body),) = system.asked
    asked = json.loads(body)
    assert asked["issuance_id"] == taker.issuance
    assert (asked["credential_configuration_id"], asked["type"]) == ("pid", "urn:eudi:pid:1")
    assert asked["given"] == {"email": "erika@example.org"}
    assert asked["id"] == headers["webhook-id"]


async def test_j10_a_webhook_is_signed_with_its_time_and_id(desk: Desk, system: Tenants) -> None:
    """Standard Webhooks 1.0, with the tenant's secret; both secrets sign while one takes over from the other."""
    path = "/credential-configurations/pid/webhook-secret"
    await by_webhook(desk)
    _, before = await desk.site.api("GET", path)
    await by_webhook(desk, secret_version=2)
    _, after = await desk.site.api("GET", path)
    assert before != after
    _, foreign = await desk.site.api("GET", path, key=desk.site.beta.api_key)
    assert foreign not in (before, after)
    assert (await (await desk.taker()).ask()).status == 200
    ((headers, body),) = system.asked
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    secrets = [b64decode(one["secret"].removeprefix("whsec_")) for one in (after, before)]
    expected = [f"v1,{b64encode(hmac.digest(one, signed, sha256)).decode()}" for one in secrets]
    assert headers["webhook-signature"].split() == expected


async def test_j10_each_request_has_an_id_of_its_own(desk: Desk, system: Tenants) -> None:
    await by_webhook(desk)
    for _ in range(2):
        await (await desk.taker()).ask()
    assert len({headers["webhook-id"] for headers, _ in system.asked}) == 2


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/claims", "http://169.254.169.254/latest", "http://localhost:1/x", f"http://127.0.0.1:{PORT}/x"],
    ids=["loopback", "link-local", "a port", "another name of a host that is allowed"],
)
async def test_j10_a_webhook_leads_to_no_internal_host(desk: Desk, system: Tenants, url: str) -> None:
    await desk.configure(claim_source={"kind": "webhook", "settings": {"url": url}})
    taker = await desk.taker()
    assert (await taker.ask()).status == 503
    assert system.asked == []


async def test_j10_a_webhook_follows_no_redirect(desk: Desk, system: Tenants) -> None:
    await by_webhook(desk, "/moved")
    assert (await (await desk.taker()).ask()).status == 503
    assert len(system.asked) == 1


WRONG: dict[str, dict[str, Any]] = {
    "other id": {"members": {"id": "another question's", "claims": PERSON}},
    "no id": {"members": {"id": None, "claims": PERSON}},
    "other person": {"members": {"subject": "max", "claims": PERSON}},
    "extra member": {"members": {"claims": PERSON, "status": "ok"}},
    "extra claim": {"members": {"claims": {**PERSON, "role": "king"}}},
    "does not fit": {"members": {"claims": {"given_name": 7}}},
    "empty": {"members": {"claims": {}}},
    "no claims": {"members": {}},
    "claims no object": {"members": {"claims": [PERSON]}},
    "reserved": {"members": {"claims": {**PERSON, "cnf": {"jwk": {}}}}},
    "reserved, deep": {"members": {"claims": {**PERSON, "address": {"_sd": ["x"]}}}},
    "not JSON": {"body": b"<html>"},
    "other media type": {"media_type": "text/html", "members": {"claims": PERSON}},
    "twice a member": {"body": b'{"id": "1", "id": "2"}'},
    "interval of nothing": {"status": 202, "members": {"interval": 0}},
    "interval beside claims": {"status": 202, "members": {"interval": 5, "claims": PERSON}},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_c19_an_answer_that_does_not_fit_issues_nothing(
    desk: Desk, system: Tenants, wrong: dict[str, Any]
) -> None:
    for name, value in wrong.items():
        setattr(system, name, value)
    await by_webhook(desk)
    taker = await desk.taker()
    answer = await taker.ask()
    assert (answer.status, answer.error) == (400, "credential_request_denied")
    assert "king" not in json.dumps(answer.body)
    assert await desk.events("claim_source_answer", "credential.issued") == ["claim_source_answer"]


async def test_c19_extra_claims_are_dropped_where_that_was_declared(desk: Desk, system: Tenants) -> None:
    system.members = {"claims": {**PERSON, "role": "king"}}
    url = f"http://localhost:{PORT}/claims"
    await desk.configure(claim_source={"kind": "webhook", "settings": {"url": url}, "extra": "drop"})
    assert subject_claims(await (await desk.taker()).ask()) == PERSON


@pytest.mark.parametrize("status", [500, 204, 401])
async def test_c19_a_source_that_cannot_be_asked_fails_closed_and_spends_nothing(
    desk: Desk, system: Tenants, status: int
) -> None:
    await by_webhook(desk)
    taker = await desk.taker()
    system.status = status
    nonce = await taker.wallet.nonce(desk.issuer)
    proofs = {"jwt": [taker.wallet.proof(desk.issuer, nonce)]}
    answer = await taker.ask(proofs=proofs)
    assert (answer.status, answer.error) == (503, "server_error")
    system.status = 200
    assert (await taker.ask(proofs=proofs)).status == 200


async def test_c19_a_source_that_answers_late_is_not_waited_for(
    desk: Desk, system: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather_claims, "SECONDS", 0.3)
    system.seconds = 2
    await by_webhook(desk)
    taker = await desk.taker()
    started = time.monotonic()
    assert (await taker.ask()).status == 503
    assert time.monotonic() - started < 2


async def test_a_person_whom_the_source_does_not_know_gets_nothing(desk: Desk, system: Tenants) -> None:
    system.status = 404
    await by_webhook(desk)
    assert (await (await desk.taker()).ask()).error == "credential_request_denied"
    assert await desk.events("claim_source_answer") == []


async def test_a_source_may_answer_later(desk: Desk, system: Tenants) -> None:
    system.status, system.members = 202, {"interval": 7}
    await by_webhook(desk)
    taker = await desk.taker()
    answer = await taker.ask()
    assert (answer.status, answer.body["interval"]) == (202, 7)
    await desk.later()
    assert (await taker.come_back(answer.body["transaction_id"])).status == 202
    system.status, system.members = 200, {"claims": PERSON}
    await desk.later()
    issued = await taker.come_back(answer.body["transaction_id"])
    assert subject_claims(issued) == PERSON
    assert len(system.asked) == 3


async def test_claims_that_came_later_are_fixed_for_whoever_approves(desk: Desk, system: Tenants) -> None:
    """Looked at is what is issued: the source is not asked again after that."""
    system.status, system.members = 202, {"interval": 7}
    await by_webhook(desk)
    await desk.policy()
    taker = await desk.taker()
    transaction_id = (await taker.ask()).body["transaction_id"]
    system.status, system.members = 200, {"claims": PERSON}
    await desk.later()
    assert (await taker.come_back(transaction_id)).status == 202
    system.members = {"claims": {"given_name": "Somebody else"}}
    (waiting,) = await desk.waiting()
    assert waiting["waiting_for"] == ["approval"]
    _, shown = await desk.site.api("GET", f"/approvals/{waiting['id']}")
    assert shown["claims"] == PERSON
    await desk.approve()
    await desk.later()
    assert subject_claims(await taker.come_back(transaction_id)) == PERSON
    assert len(system.asked) == 2


# Account


async def test_claims_of_the_account_that_signed_in(court: Court) -> None:
    desk = Desk(court.site)
    names = {"given_name": "given_name", "family_name": "family_name"}
    await desk.configure(claim_source={"kind": "sign_in", "settings": {"names": names}})
    client = court.client()
    token = (await client.obtain()).body["access_token"]
    assert subject_claims(await client.credential(token)) == {"given_name": "Erika", "family_name": "Mustermann"}
    nobody = await desk.taker()
    assert (await nobody.ask()).error == "credential_request_denied"


async def test_the_tenants_system_hears_who_signed_in(court: Court, system: Tenants) -> None:
    desk = Desk(court.site)
    await by_webhook(desk)
    system.members = {"claims": PERSON, "subject": "erika"}
    client = court.client()
    token = (await client.obtain()).body["access_token"]
    assert (await client.credential(token)).status == 200
    assert json.loads(system.asked[0][1])["subject"] == "erika"
    system.members = {"claims": PERSON, "subject": "max"}
    assert (await client.credential(token)).error == "credential_request_denied"


# Uploaded tables

ROWS = b"subject,given_name,family_name,birthdate,nationalities,address.locality\r\n"
ROWS += b'erika,Erika,"Muster, mann",1964-08-12,"[""DE"", ""FR""]",Berlin\r\n'
ROWS += b"max,Max,Muster,,,\r\n"


async def upload(desk: Desk, text: bytes, table: str = "people", **headers: str) -> tuple[int, Any]:
    url = f"{desk.site.url}/api/v1/claim-tables/{table}"
    headers = {"Authorization": f"Bearer {desk.site.alpha.api_key}", "Content-Type": "text/csv", **headers}
    async with desk.site.session.put(url, data=text, headers=headers) as answer:
        return answer.status, await answer.json()


async def by_table(desk: Desk) -> None:
    await desk.configure(claim_source={"kind": "table", "settings": {"table": "people"}})


async def test_claims_from_an_uploaded_table(desk: Desk) -> None:
    await by_table(desk)
    assert await upload(desk, ROWS) == (200, {"rows": 2})
    issued = await (await desk.taker(subject="erika")).ask()
    assert subject_claims(issued) == {
        "given_name": "Erika",
        "family_name": "Muster, mann",
        "birthdate": "1964-08-12",
        "nationalities": ["DE", "FR"],
        "address": {"locality": "Berlin"},
    }
    assert subject_claims(await (await desk.taker(subject=" MAX ")).ask())["given_name"] == "Max"
    assert (await (await desk.taker(subject="nobody")).ask()).error == "credential_request_denied"
    assert (await (await desk.taker()).ask()).error == "credential_request_denied"


async def test_a_line_uploaded_again_replaces_the_one_before_and_a_table_can_go(desk: Desk) -> None:
    await by_table(desk)
    for name in (b"Max", b"Moritz"):
        assert (await upload(desk, b"subject,given_name\nmax," + name))[0] == 200
    assert subject_claims(await (await desk.taker(subject="max")).ask()) == {"given_name": "Moritz"}
    assert await desk.site.api("DELETE", "/claim-tables/people") == (200, {"rows": 1})
    assert (await (await desk.taker(subject="max")).ask()).error == "credential_request_denied"


async def test_an_uploaded_table_serves_who_signs_in_too(court: Court) -> None:
    desk = Desk(court.site)
    await by_table(desk)
    await upload(desk, ROWS)
    client = court.client()
    token = (await client.obtain()).body["access_token"]
    assert subject_claims(await client.credential(token))["family_name"] == "Muster, mann"


async def test_an_uploaded_table_is_sealed_for_each_person(desk: Desk) -> None:
    await by_table(desk)
    await upload(desk, ROWS)
    rows = await desk.admin("SELECT claims_sealed, subject_index, subject_key_id FROM claim_records")
    assert len({row["subject_key_id"] for row in rows}) == 2
    assert all(b"Muster" not in row["claims_sealed"] and b"erika" not in row["subject_index"] for row in rows)
    await desk.admin("UPDATE subject_keys SET wrapped_key = NULL, destroyed_at = now()")
    assert (await (await desk.taker(subject="erika")).ask()).error == "credential_request_denied"


BAD_TABLES: dict[str, tuple[bytes, dict[str, list[str]]]] = {
    "no subject": (b"given_name\nMax", {"line 1": ["no column subject"]}),
    "a column twice": (b"subject,given_name,given_name\na,b,c", {"line 1": ["a column twice"]}),
    "unknown column": (b"subject,role\na,king", {"line 1": ["columns that the type does not name: role"]}),
    "empty": (b"subject,given_name\n", {"table": ["no lines"]}),
    "nothing": (b"", {"line 1": ["no column subject"]}),
    "not UTF-8": (b"subject,given_name\nmax,M\xfcller", {"line 1": ["not CSV in UTF-8"]}),
    "cells missing": (b"subject,given_name\nmax,Max\nmoritz", {"line 3": ["1 cells, not 2"]}),
    "one subject twice": (
        b"subject,given_name\nmax,Max\nmax,Moritz",
        {"line 3": ["subject: as on line 2"]},
    ),
    "no subject in a line": (b"subject,given_name\n,Max", {"line 2": ["subject: 1 to 256 characters"]}),
    "not JSON": (b"subject,nationalities\nmax,DE", {"line 2": ["nationalities: not JSON"]}),
    "does not fit": (
        b"subject,given_name,birthdate\na,A,2000-01-01\nb,B,1.1.2000",
        {"line 3": ["does not fit the type of pid"]},
    ),
    "after a cell of two lines": (
        b'subject,given_name,birthdate\na,"A\nA",2000-01-01\nb,B,x',
        {"line 4": ["does not fit the type of pid"]},
    ),
    "a claim in a claim that is a value": (
        b'subject,address,address.locality\na,"{""locality"": ""B""}",Berlin',
        {"line 2": ["address.locality: two columns for one claim"]},
    ),
    "not CSV": (b'subject,given_name\na,"b"c', {"line 2": ["not CSV"]}),
}


@pytest.mark.parametrize(("text", "errors"), BAD_TABLES.values(), ids=BAD_TABLES)
async def test_a_table_with_a_bad_line_is_refused_whole_and_the_line_named(
    desk: Desk, text: bytes, errors: dict[str, list[str]]
) -> None:
    await by_table(desk)
    status, problem = await upload(desk, text)
    assert (status, problem["code"], problem["errors"]) == (422, "invalid_table", errors)
    (row,) = await desk.admin("SELECT count(*) FROM claim_records")
    assert row[0] == 0


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(A1)", "+cmd", "-x", '"\t=1"', '"\r=1"'])
async def test_c20_a_cell_that_a_spreadsheet_would_run_is_refused(desk: Desk, cell: str) -> None:
    await by_table(desk)
    status, problem = await upload(desk, f"subject,given_name\na,{cell}".encode())
    assert status == 422
    ((line, told),) = problem["errors"].items()
    assert line.startswith("line ")
    assert told == ["given_name: begins like a formula"]


@pytest.mark.parametrize("cell", ["+49 30 123", "-7", "O'Neill", "Jean-Luc"])
async def test_a_cell_that_only_looks_a_little_so_is_taken(desk: Desk, cell: str) -> None:
    await by_table(desk)
    assert (await upload(desk, f"subject,given_name\na,{cell}".encode()))[0] == 200


async def test_a_table_that_nothing_is_issued_from_is_refused(desk: Desk) -> None:
    status, problem = await upload(desk, ROWS)
    assert (status, list(problem["errors"])) == (422, ["table"])


# C20


RESERVED: dict[str, dict[str, Any]] = {
    **{name: {name: "x"} for name in ("iss", "iat", "nbf", "exp", "cnf", "vct", "vct#integrity", "status", "_sd_alg")},
    **{f"deep {name}": {"address": {"more": [{name: 1}]}} for name in ("_sd", "...", "__proto__", "@context", "@id")},
}


@pytest.mark.parametrize("claims", RESERVED.values(), ids=RESERVED)
async def test_c20_a_reserved_name_is_refused_wherever_claims_come_from(desk: Desk, claims: dict[str, Any]) -> None:
    body = {"credential_configuration_ids": ["pid"], "claims": {**PERSON, **claims}}
    status, problem = await desk.site.api("POST", "/credential-offers", body)
    assert (status, problem["code"]) == (422, "invalid_claims")
    await desk.policy()
    taker = await desk.taker()
    await taker.ask()
    status, problem = await desk.approve(claims=body["claims"])
    assert (status, problem["code"]) == (422, "invalid_claims")


# Configuration


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "rumour"},
        {"kind": "given", "settings": {"x": 1}},
        {"kind": "table"},
        {"kind": "table", "settings": {"table": "x" * 200}},
        {"kind": "sign_in", "settings": {"names": ["given_name"]}},
        {"kind": "webhook"},
        {"kind": "webhook", "settings": {"url": "file:///etc/passwd"}},
        {"kind": "webhook", "settings": {"url": "https://me:secret@example.org"}},
        {"kind": "webhook", "settings": {"url": "https://[::1"}},
        {"kind": "webhook", "settings": {"url": "https://example.org", "secret_version": 0}},
        {"kind": "webhook", "settings": {"url": "https://example.org", "headers": {}}},
    ],
)
async def test_a_source_that_cannot_work_is_not_configured(desk: Desk, source: dict[str, Any]) -> None:
    status, problem = await desk.site.api("PATCH", "/credential-configurations/pid", {"claim_source": source})
    assert (status, problem["code"]) == (422, "invalid_policy")
    assert "secret@" not in json.dumps(problem)


async def test_a_configuration_that_is_not_there_is_not_found(desk: Desk) -> None:
    assert (await desk.site.api("PATCH", "/credential-configurations/nothing", {}))[0] == 404
    assert (await desk.site.api("GET", "/credential-configurations/nothing/webhook-secret"))[0] == 404
