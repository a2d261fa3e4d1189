"""Quality: each rule finds what it looks for and nothing else; thresholds, trend, notices, the report."""

from typing import Any
from uuid import UUID

from agent.cli.quality import rendered
from agent.operations.administering.claim_table import UploadTable, upload_table
from agent.operations.keeping.quality import check_quality
from agent.scope.quality import DEFAULTS, DIMENSIONS
from tests.houses import Clock, Site
from tests.wallets import Wallet


async def _rules(site: Site, **headers: str) -> dict[str, Any]:
    status, answer = await site.api("POST", "/quality/checks", {}, **headers)
    assert status == 200, answer
    return {one["check"]: one for one in answer["rules"]}


async def _issue(site: Site, count: int) -> list[str]:
    for _ in range(count):
        body = {"credential_configuration_ids": ["pid"], "subject": "person-1"}
        _, made = await site.api("POST", "/credential-offers", body)
        assert (await Wallet(site.session).obtain(made["credential_offer_uri"])).status == 200
    _, listed = await site.api("GET", "/credentials")
    return [one["id"] for one in listed["items"]]


def test_every_dimension_has_a_rule() -> None:
    assert {rule.dimension for rule in DEFAULTS} == set(DIMENSIONS)
    assert len({rule.check for rule in DEFAULTS}) == len(DEFAULTS)


async def test_a_new_tenants_data_are_good_and_each_fault_is_found_by_its_rule(site: Site) -> None:
    first, second, _ = await _issue(site, 3)
    assert (await site.api("POST", f"/credentials/{second}/revoke", {}))[0] in (200, 204)
    found = await _rules(site)
    assert {name for name, one in found.items() if one["kept"] is False} == set()
    assert found["list_agrees"]["trend"][0]["checked"] == 3
    tenant = site.alpha.id
    admin = await site.database.connect_admin()
    try:
        await admin.execute("UPDATE credentials SET status = 'active' WHERE id = $1", UUID(second))  # its bit is set
        await admin.execute("UPDATE credentials SET status = 'revoked' WHERE id = $1", UUID(first))  # its bit is not
        await admin.execute(
            "UPDATE key_pairs SET expires_at = now() - interval '1 day' WHERE tenant_id = $1 AND purpose = 'verifier'",
            tenant,
        )
        await admin.execute(
            "UPDATE trust_registries SET next_update = now() - interval '1 day' WHERE tenant_id = $1", tenant
        )
        await admin.execute("UPDATE credential_types SET schema_definition = NULL WHERE tenant_id = $1", tenant)
        await admin.execute(
            "UPDATE credentials SET issued_at = issued_at + interval '9 days' WHERE id = $1", UUID(first)
        )
        await admin.execute(
            """INSERT INTO subject_keys (tenant_id, subject_index, wrapping_key_id, kek_epoch, wrapped_key)
               SELECT tenant_id, sha256('nobody'), id, 1, '\\x00' FROM tenant_keys WHERE tenant_id = $1 LIMIT 1""",
            tenant,
        )
    finally:
        await admin.close()
    found = await _rules(site)
    failing = {name: one["trend"][0]["failed"] for name, one in found.items() if one["kept"] is False}
    expected = {"list_agrees": 2, "key_current": 1, "time_possible": 1, "key_in_use": 1, "type_has_schema": 1}
    assert expected.items() <= failing.items(), failing
    assert set(failing) - set(expected) <= {"trust_current"}
    assert sorted(found["list_agrees"]["rows"]) == sorted([first, second])
    assert [one["failed"] for one in found["list_agrees"]["trend"]] == [2, 0]
    others = await _rules(site, key=site.beta.api_key)
    assert {name for name, one in others.items() if one["kept"] is False} == set()


async def test_uploaded_claims_that_fit_no_longer_are_found_and_the_reading_is_on_record(site: Site) -> None:
    body = {"claim_source": {"kind": "table", "settings": {"table": "people"}}}
    assert (await site.api("PATCH", "/credential-configurations/pid", body))[0] in (200, 204)
    scope = await site.scope()
    request = UploadTable(
        "people", b"subject,given_name,family_name,birthdate\na,Erika,Muster,1964-08-12\nb,Ada,Byron,1970-01-01\n"
    )
    assert await upload_table(scope, request) == 2
    assert (await _rules(site))["claims_fit"]["trend"][0] | {"checked_at": ""} == {
        "checked_at": "",
        "checked": 2,
        "failed": 0,
    }
    admin = await site.database.connect_admin()
    try:
        schema = (
            '{"type": "object", "properties": {"given_name": {"const": "Ada"}, "family_name": {}, "birthdate": {}}}'
        )
        await admin.execute(
            "UPDATE credential_types SET schema_definition = $2::jsonb WHERE tenant_id = $1", site.alpha.id, schema
        )
        touched = "UPDATE credential_configurations SET is_active = is_active WHERE tenant_id = $1"
        await admin.execute(touched, site.alpha.id)  # another version of the catalogue
        site.house.cache.clear()
        rule = (await _rules(site))["claims_fit"]
        assert (rule["trend"][0]["checked"], rule["trend"][0]["failed"], rule["kept"]) == (2, 1, False)
        read = await admin.fetch(
            "SELECT DISTINCT purpose, fields_accessed FROM data_access_logs WHERE tenant_id = $1", site.alpha.id
        )
        assert [tuple(row) for row in read] == [("data_quality", ["claim_records.claims_sealed"])]
        assert await admin.fetchval("SELECT count(*) FROM data_access_logs") == 4
        assert "Erika" not in str(await admin.fetch("SELECT details::text FROM quality_results"))
    finally:
        await admin.close()


async def test_a_rule_that_fails_is_told_once_and_again_after_it_held(site: Site, clock: Clock) -> None:
    (one,) = await _issue(site, 1)
    rules = await _rules(site)
    rule = rules["not_past_end"]
    assert (await site.api("PATCH", f"/quality/rules/{rule['id']}", {"threshold": 0.5}))[0] == 204
    clock.forward(days=100)
    site.house.cache.clear()
    scope = await site.scope()
    assert await check_quality(scope) >= 1
    assert await check_quality(scope) >= 1
    _, events = await site.api("GET", "/audit/events?event_type=quality.below")
    mine = [event for event in events["items"] if event["resource_id"] == rule["id"]]
    assert len(mine) == 1
    assert (await site.api("PATCH", f"/quality/rules/{rule['id']}", {"active": False}))[0] == 204
    before = len((await _rules(site))["not_past_end"]["trend"])
    assert len((await _rules(site))["not_past_end"]["trend"]) == before
    assert (await site.api("PATCH", f"/quality/rules/{rule['id']}", {"threshold": 2}))[0] in (400, 422)
    assert (await site.api("PATCH", f"/quality/rules/{one}", {"threshold": 0}))[0] == 404
    assert (await site.api("PATCH", f"/quality/rules/{rule['id']}", {"threshold": 0}, key=site.beta.api_key))[0] == 404


async def test_the_report_shows_tables_and_is_a_page_and_for_stewards(site: Site) -> None:
    await _issue(site, 1)
    _, steward = await site.api("POST", "/api-keys", {"name": "steward", "role": "data-steward"})
    _, auditor = await site.api("POST", "/api-keys", {"name": "auditor", "role": "auditor"})
    status, answer = await site.api("POST", "/quality/checks", {}, key=steward["api_key"])
    assert status == 200
    assert (await site.api("GET", "/quality", key=auditor["api_key"]))[0] == 403
    profiles = {one["table"]: one for one in answer["profiles"]}
    assert profiles["credentials"]["rows"] == 1
    assert profiles["credentials"]["present"]["wallet_id"] == 0
    assert "id" not in profiles["credentials"]["present"]
    answer["rules"][0]["name"] = "<script>"
    page = rendered(answer)
    assert "&lt;script&gt;" in page
    assert "<td>credentials<td>1" in page
