"""Compliance records: one for each requirement, with its evidence, until they have to be looked at again."""

from datetime import UTC, datetime, timedelta

from tests.houses import Clock, Site


async def test_a_record_is_replaced_comes_due_and_is_on_record(site: Site, clock: Clock) -> None:
    now = datetime.now(UTC)
    body = {
        "regulation": "business continuity",
        "requirement": "recovery from data-corruption",
        "status": "non_compliant",
        "evidence": [{"kind": "drill", "rto": 5.0}],
        "assessed_at": now.isoformat(),
        "next_review": (now + timedelta(days=90)).isoformat(),
    }
    for status in ("non_compliant", "compliant"):
        assert (await site.api("PUT", "/compliance-records", body | {"status": status}))[0] == 204
    _, found = await site.api("GET", "/compliance-records")
    (one,) = found["items"]
    assert (one["status"], one["evidence"], one["due"]) == ("compliant", body["evidence"], False)
    clock.forward(days=91)
    _, found = await site.api("GET", "/compliance-records")
    assert found["items"][0]["due"]
    assert (await site.api("GET", "/compliance-records", key=site.beta.api_key))[1]["items"] == []
    _, events = await site.api("GET", "/audit/events?event_type=compliance.assessed")
    assert [event["metadata"]["status"] for event in events["items"]] == ["compliant", "non_compliant"]
    for wrong in ({"status": "fine"}, {"assessed_at": "2026-12-01T00:00:00"}, {"regulation": ""}):
        assert (await site.api("PUT", "/compliance-records", body | wrong))[0] in (400, 422)
