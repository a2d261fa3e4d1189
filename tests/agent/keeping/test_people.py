"""What a person may ask for: who saw their data, a copy of it, and that it goes (K5, K11)."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from agent.audit.verifying import verify
from agent.encryption.sealing import KeyDestroyed
from agent.storage.database import open_pool
from agent.workers.seals import Seals
from tests.houses import Site
from tests.wallets import Wallet

ALICE = {"given_name": "Alice", "family_name": "Example", "birthdate": "1990-02-03"}
EMAIL, REFERENCE = "alice@example.org", "matriculation-4711"
CANARIES = ("Alice", "alice@example.org", "matriculation-4711", "1990-02-03")


async def alice(site: Site) -> str:
    """An account, a row of a table, a credential issued and an offer that is open; the account's id."""
    body = {"email": EMAIL, "password": "a long pass phrase 1", "external_id": REFERENCE, "claims": ALICE}
    status, made = await site.api("POST", "/users", body)
    assert status == 201, made
    source = {"kind": "table", "settings": {"table": "staff"}}
    status, _ = await site.api("PATCH", "/credential-configurations/pid", {"claim_source": source})
    assert status == 204
    csv = f"subject,given_name,family_name,birthdate\n{REFERENCE},Alice,Example,1990-02-03\n"
    headers = {"Authorization": f"Bearer {site.alpha.api_key}", "Content-Type": "text/csv"}
    async with site.session.put(f"{site.url}/api/v1/claim-tables/staff", data=csv, headers=headers) as answer:
        assert answer.status in (200, 204), await answer.text()
    for _ in range(2):
        status, offered = await site.api(
            "POST",
            "/credential-offers",
            {"credential_configuration_ids": ["pid"], "claims": ALICE, "subject": REFERENCE},
        )
        assert status == 201, offered
    assert (await Wallet(site.session).obtain(offered["credential_offer_uri"])).status == 200
    return str(made["id"])


async def export(site: Site, **whom: str) -> dict[str, Any]:
    status, found = await site.api("POST", "/person-exports", whom)
    assert status == 200, found
    return dict(found)


async def erase(site: Site, **whom: str) -> dict[str, Any]:
    status, made = await site.api("POST", "/erasure-requests", whom)
    assert status == 201, made
    status, done = await site.api("POST", f"/erasure-requests/{made['id']}/approve", {})
    assert status == 200, done
    return dict(done)


async def everything(site: Site) -> str:
    """Every value of every row, as an administrator of the database sees it."""
    admin = await site.database.connect_admin()
    try:
        names = await admin.fetch(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'agent'::regnamespace"
            " AND c.relkind IN ('r','p') AND NOT c.relispartition"
        )
        rows = [await admin.fetch(f"SELECT to_jsonb(t)::text FROM {name[0]} t") for name in names]
        return "\n".join(row[0] for found in rows for row in found)
    finally:
        await admin.close()


async def test_a_person_is_told_everything_and_who_saw_it(site: Site) -> None:
    user = await alice(site)
    found = await export(site, subject=REFERENCE)
    assert found == {**await export(site, user=user), "at": found["at"], "accesses": found["accesses"]}
    (account,) = found["accounts"]
    assert (account["id"], account["email"], account["external_id"]) == (user, EMAIL, REFERENCE)
    assert account["claims"] == ALICE
    assert [(one["source"], one["claims"]) for one in found["claim_records"]] == [("staff", ALICE)]
    assert sorted((one["state"], one["claims"]) for one in found["issuances"]) == [
        ("issued", None),
        ("offered", ALICE),
    ]
    (credential,) = found["credentials"]
    assert (credential["type"], credential["status"]) == ("urn:eudi:pid:1", "active")
    # the export before this one is in it
    seen = [(one["event_type"], one["purpose"]) for one in (await export(site, user=user))["accesses"]]
    assert seen[0] == ("credential.issued", "issuance")
    assert seen[1:] == [("person.exported", "access_request")] * (len(seen) - 1)
    assert len(seen) >= 3


async def test_k5_an_erased_person_is_gone_everywhere_and_their_credential_can_be_revoked(site: Site) -> None:
    user = await alice(site)
    before = await export(site, user=user)
    (credential,) = before["credentials"]
    scope = await site.scope()
    async with scope.unit() as unit:
        rows = await unit.connection.fetch("SELECT id, claims_sealed, subject_key_id FROM agent.issuances")
        wrapped = {row["id"]: row["wrapped_key"] for row in await unit.connection.fetch("TABLE agent.subject_keys")}
    kept = [row for row in rows if row["claims_sealed"]]
    assert kept, "an archived copy of a sealed row"
    done = await erase(site, subject=REFERENCE)
    certificate = done["certificate"]
    assert len(certificate["keys_destroyed"]) == 2
    assert certificate["rows"] == {
        **certificate["rows"],
        "subject_keys": 2,
        "claim_records": 1,
        "issuances": 2,
        "credentials": 1,
        "users": 1,
        "user_authenticators": 1,
    }
    # no value of any row opens it, or shows it
    text = await everything(site)
    assert [canary for canary in CANARIES if canary in text] == []
    async with scope.unit() as unit:
        living = await unit.connection.fetch("SELECT wrapped_key FROM agent.subject_keys WHERE wrapped_key IS NOT NULL")
        assert not {bytes(row[0]) for row in living} & {bytes(one) for one in wrapped.values() if one}
        for row in kept:
            key = await unit.connection.fetchval(
                "SELECT wrapped_key FROM agent.subject_keys WHERE id = $1", row["subject_key_id"]
            )
            with pytest.raises(KeyDestroyed):
                unit.vault.subject_key(row["subject_key_id"], key)
    # nobody is found by who they were, and whoever is of the same name is somebody new
    assert (await site.api("POST", "/person-exports", {"user": user}))[0] == 404
    assert (await site.api("POST", "/person-exports", {"subject": REFERENCE}))[0] == 404
    assert (await site.api("POST", "/users", {"email": EMAIL, "external_id": REFERENCE, "claims": {}}))[0] == 201
    # the status list goes on
    status, _ = await site.api("POST", f"/credentials/{credential['id']}/revoke", {})
    assert status in (200, 204)
    # the certificate is part of the proved record
    pool = await open_pool(site.database.dsn("maint"), 2, "agent_maint")
    try:
        await Seals(pool, site.house.scope_of).seal("alpha")
    finally:
        await pool.close()
    _, exported = await site.api("GET", "/audit/export")
    lines = [json.loads(line) for line in exported.splitlines()]
    assert verify(lines, [(await site.scope()).catalogue.key("audit").jwk]).faults == []
    (event,) = [line["row"] for line in lines if line.get("row", {}).get("event_type") == "person.erased"]
    assert event["metadata"] == certificate


async def test_the_open_offer_of_an_erased_person_ends(site: Site) -> None:
    status, made = await site.api(
        "POST",
        "/credential-offers",
        {"credential_configuration_ids": ["pid"], "claims": ALICE, "subject": REFERENCE},
    )
    assert status == 201
    wallet = Wallet(site.session)
    given = await wallet.offer(made["credential_offer_uri"])
    await erase(site, subject=REFERENCE)
    assert (await wallet.token(given)).error == "invalid_grant"


async def test_of_fifty_approvals_one_erases(site: Site) -> None:
    await alice(site)
    _, made = await site.api("POST", "/erasure-requests", {"subject": REFERENCE})
    path = f"/erasure-requests/{made['id']}/approve"
    answers = await asyncio.gather(*(site.api("POST", path, {}) for _ in range(50)))
    assert sorted(status for status, _ in answers) == [200] + [409] * 49


async def test_an_account_is_stopped_when_its_erasure_is_asked_for(site: Site) -> None:
    user = await alice(site)
    _, made = await site.api("POST", "/erasure-requests", {"user": user})
    (account,) = (await export(site, user=user))["accounts"]
    assert account["status"] == "disabled"
    (listed,) = (await site.api("GET", "/erasure-requests"))[1]["items"]
    assert (listed["id"], listed["state"], listed["certificate"]) == (made["id"], "requested", None)


async def test_k11_a_legal_hold_wins_and_is_recorded(site: Site) -> None:
    await alice(site)
    _, made = await site.api("POST", "/erasure-requests", {"subject": REFERENCE})
    scope = await site.scope()
    async with scope.unit() as unit:
        await unit.connection.execute(
            "INSERT INTO agent.retention_policies (table_name, classification, erase_mode, legal_hold)"
            " VALUES ('credentials', 'sensitive', 'indefinitely', true)"
        )
        await unit.commit()
    status, refused = await site.api("POST", f"/erasure-requests/{made['id']}/approve", {})
    assert (status, refused["code"]) == (409, "legal_hold")
    assert (await export(site, subject=REFERENCE))["accounts"]
    _, exported = await site.api("GET", "/audit/export")
    assert "erasure.held" in exported


async def test_nobody_of_another_tenant_is_found_or_erased(site: Site) -> None:
    user = await alice(site)
    _, made = await site.api("POST", "/erasure-requests", {"subject": REFERENCE})
    for whom in ({"user": user}, {"subject": REFERENCE}):
        assert (await site.api("POST", "/person-exports", whom, site.beta.api_key))[0] == 404
        assert (await site.api("POST", "/erasure-requests", whom, site.beta.api_key))[0] == 404
    for one in (made["id"], str(uuid4())):
        for method, path in (("GET", f"/erasure-requests/{one}"), ("POST", f"/erasure-requests/{one}/approve")):
            assert (await site.api(method, path, key=site.beta.api_key))[0] == 404
    assert (await site.api("GET", "/erasure-requests", key=site.beta.api_key))[1]["items"] == []


async def test_exactly_one_name_is_taken(site: Site) -> None:
    for body in ({}, {"user": str(uuid4()), "subject": "x"}):
        assert (await site.api("POST", "/person-exports", body))[0] == 422


@pytest.mark.parametrize("known", ["as an account", "by name"])
async def test_what_came_between_request_and_approval_goes_too(site: Site, known: str) -> None:
    account = {"email": EMAIL, "password": "a long pass phrase 1", "external_id": REFERENCE, "claims": ALICE}
    offer = {"credential_configuration_ids": ["pid"], "claims": ALICE, "subject": REFERENCE}
    first, then = (("/users", account), ("/credential-offers", offer))[:: 1 if known == "as an account" else -1]
    assert (await site.api("POST", *first))[0] == 201
    status, made = await site.api("POST", "/erasure-requests", {"subject": REFERENCE})
    assert status == 201
    assert (await site.api("POST", *then))[0] == 201
    status, done = await site.api("POST", f"/erasure-requests/{made['id']}/approve", {})
    assert status == 200
    assert len(done["certificate"]["keys_destroyed"]) == 2
    assert (await site.api("POST", "/person-exports", {"subject": REFERENCE}))[0] == 404
    text = await everything(site)
    assert [canary for canary in CANARIES if canary in text] == []
    # nothing that names the person stays behind in the request
    scope = await site.scope()
    async with scope.unit() as unit:
        names = await unit.connection.fetchrow("SELECT subject_index, external_index FROM agent.erasure_requests")
    assert set(names) == {None}


async def test_k11_a_hold_that_was_answered_wins_over_an_approval_under_way(site: Site) -> None:
    await alice(site)
    _, made = await site.api("POST", "/erasure-requests", {"subject": REFERENCE})
    admin = await site.database.connect_admin()
    try:
        async with admin.transaction():
            # The approval cannot end while somebody has its row.
            await admin.execute("SELECT FROM erasure_requests WHERE id = $1 FOR UPDATE", UUID(made["id"]))
            approval = asyncio.create_task(site.api("POST", f"/erasure-requests/{made['id']}/approve", {}))
            while not await admin.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            hold = asyncio.create_task(site.api("PUT", "/retention-policies/credentials", {"legal_hold": True}))
            done, _ = await asyncio.wait([hold], timeout=1)
        answered_first = bool(done)
        approved = (await approval)[0]
        assert (await hold)[0] in (200, 204)
    finally:
        await admin.close()
    assert approved == (409 if answered_first else 200)
