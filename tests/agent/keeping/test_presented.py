"""What a stranger presented is personal data: it has a key of its own, readings are on record, and it can go."""

from typing import Any
from uuid import UUID

import pytest

from agent.encryption.sealing import DoesNotOpen, KeyDestroyed
from tests.agent.keeping.test_people import REFERENCE, alice, erase, export
from tests.houses import Site
from tests.verifying import NAMES, ask, result
from tests.wallets import Wallet

DISCLOSED = {"given_name": "Erika", "family_name": "Mustermann"}


async def presented(site: Site, shown: set[str] = NAMES, **body: Any) -> str:
    wallet = Wallet(site.session)
    _, offered = await site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]})
    issued = (await wallet.obtain(offered["credential_offer_uri"])).body["credentials"][0]["credential"]
    made = await ask(site, **body)
    await wallet.present(made["authorization_request_uri"], issued, shown)
    return str(made["presentation_id"])


async def accesses(site: Site) -> list[dict[str, Any]]:
    """The data access log with the events that it belongs to, issuing left out."""
    admin = await site.database.connect_admin()
    try:
        rows = await admin.fetch(
            "SELECT a.event_type, l.purpose, l.legal_basis, l.user_consent, l.fields_accessed, l.subject_index"
            " FROM agent.data_access_logs l JOIN agent.audit_logs a ON a.id = l.audit_log_id"
            " WHERE l.purpose <> 'issuance' ORDER BY l.accessed_at"
        )
    finally:
        await admin.close()
    return [dict(row) for row in rows]


async def test_every_reading_says_whose_it_is_what_for_and_which_fields(site: Site) -> None:
    terms = {"purpose": "age_check", "legal_basis": "legal_obligation"}
    presentation = await presented(site, **terms)
    assert await accesses(site) == []
    made = {"presentation_id": presentation}
    assert (await result(site, made))["credentials"][0]["claims"] == DISCLOSED
    assert (await site.api("GET", f"/verification-reports/{presentation}"))[0] == 200
    assert (await site.api("GET", f"/presentation-requests/{presentation}/reports"))[0] == 200
    assert (await site.api("GET", f"/verification-reports/{presentation}/evidence"))[0] == 200
    found = await accesses(site)
    assert [one["event_type"] for one in found] == [
        *("presentation.read", "report.read", "report.read", "evidence.exported")
    ]
    assert {(one["purpose"], one["legal_basis"], one["user_consent"]) for one in found} == {
        ("age_check", "legal_obligation", False)
    }
    assert len({one["subject_index"] for one in found}) == 1
    assert set(found[0]["fields_accessed"]) == {
        *("presentations.presentation_sealed", "pid.given_name", "pid.family_name")
    }
    assert "presentations.presentation_sealed" in found[-1]["fields_accessed"]


async def test_a_policy_says_what_for_where_a_request_does_not_and_its_trial_is_on_record(site: Site) -> None:
    body = {"name": "default", "purpose": "access_control", "legal_basis": "contract", "activate": True}
    status, policy = await site.api("POST", "/verification-policies", body)
    assert (status, policy["purpose"], policy["legal_basis"]) == (201, "access_control", "contract")
    await result(site, {"presentation_id": await presented(site)})
    status, _ = await site.api("POST", f"/verification-policies/{policy['id']}/test", {})
    assert status == 200
    assert [(one["event_type"], one["purpose"], one["legal_basis"]) for one in await accesses(site)] == [
        ("presentation.read", "access_control", "contract"),
        ("verification_policy.tested", "access_control", "contract"),
    ]
    status, _ = await site.api("POST", "/verification-policies", {"name": "x", "legal_basis": "because"})
    assert status == 422


async def test_who_only_asks_how_it_stands_opens_nothing(site: Site) -> None:
    made = await ask(site)
    assert (await result(site, made))["state"] == "created"
    presentation = await presented(site, {"given_name"})
    assert (await result(site, {"presentation_id": presentation}))["state"] == "refused"
    headers = {"Authorization": f"Bearer {site.alpha.api_key}"}
    path = f"{site.url}/api/v1/presentation-requests/{await presented(site)}/events"
    async with site.session.get(path, headers=headers) as stream:
        assert b"verified" in await stream.read()
    assert await accesses(site) == []


async def sealed(site: Site, presentation: str) -> list[tuple[str, str, UUID, bytes]]:
    """Where the answer and its report lie sealed, as a backup holds them."""
    admin = await site.database.connect_admin()
    try:
        shown = await admin.fetch(
            "SELECT id, presentation_sealed FROM agent.presentations WHERE request_id = $1", presentation
        )
        told = await admin.fetch(
            "SELECT id, checks_sealed FROM agent.verification_results WHERE request_id = $1", presentation
        )
    finally:
        await admin.close()
    return [
        *(("presentations", "presentation_sealed", *row.values()) for row in shown),
        *(("verification_results", "checks_sealed", *row.values()) for row in told),
    ]


@pytest.mark.parametrize("shown", [NAMES, {"given_name"}], ids=["accepted", "refused"])
async def test_an_answer_is_erased_by_its_key_whoever_gave_it(site: Site, shown: set[str]) -> None:
    presentation, other = await presented(site, shown), await presented(site)
    copies = await sealed(site, presentation)
    assert len(copies) == (2 if shown == NAMES else 1)
    vault = (await site.scope()).vault
    for copy in copies:  # not by the tenant's key, which a backup of today opens
        with pytest.raises((KeyDestroyed, DoesNotOpen)):
            vault.open(*copy)
    assert (await site.api("POST", f"/presentation-requests/{presentation}/erasure", {}))[0] == 204
    found = await result(site, {"presentation_id": presentation})
    assert found["state"] == ("verified" if shown == NAMES else "refused")
    assert found["credentials"] == []
    for path in (f"/verification-reports/{presentation}", f"/verification-reports/{presentation}/evidence"):
        assert (await site.api("GET", path))[0] == 404
    assert (await site.api("GET", f"/presentation-requests/{presentation}/reports"))[1]["items"] == []
    admin = await site.database.connect_admin()
    try:
        row = await admin.fetchrow("SELECT * FROM agent.subject_keys WHERE request_id = $1", presentation)
        assert (row["wrapped_key"], row["destroyed_at"] is None) == (None, False)
        events = await admin.fetchval("SELECT count(*) FROM agent.audit_logs WHERE event_type = 'presentation.erased'")
    finally:
        await admin.close()
    assert events == 1
    assert (await site.api("POST", f"/presentation-requests/{presentation}/erasure", {}))[0] == 404
    assert (await result(site, {"presentation_id": other}))["credentials"][0]["claims"] == DISCLOSED


async def test_a_legal_hold_keeps_an_answer_and_another_tenant_cannot_reach_it(site: Site) -> None:
    presentation = await presented(site)
    path = f"/presentation-requests/{presentation}/erasure"
    assert (await site.api("POST", path, {}, site.beta.api_key))[0] == 404
    hold = {"warm_after": 90, "cool_after": 365, "cold_after": 1095, "legal_hold": True}
    assert (await site.api("PUT", "/retention-policies/presentations", hold))[0] == 204
    status, problem = await site.api("POST", path, {})
    assert (status, problem["code"]) == (409, "legal_hold")
    assert (await result(site, {"presentation_id": presentation}))["credentials"]


async def test_a_linked_presentation_is_in_the_persons_copy_and_goes_with_the_person(site: Site) -> None:
    presentation, other = await presented(site), await presented(site)
    user = await alice(site)
    path = f"/presentation-requests/{presentation}/subject"
    assert (await site.api("POST", path, {"subject": "nobody"}))[0] == 404
    assert (await site.api("POST", path, {"subject": REFERENCE}, site.beta.api_key))[0] == 404
    for whom in ({"subject": REFERENCE}, {"user": user}):
        assert (await site.api("POST", path, whom))[0] == 204
    await result(site, {"presentation_id": presentation})
    found = await export(site, user=user)
    (shown,) = found["presentations"]
    assert (shown["request_id"], shown["credentials"][0]["claims"]) == (presentation, DISCLOSED)
    readings = [one for one in found["accesses"] if one["event_type"] == "presentation.read"]
    assert [one["purpose"] for one in readings] == ["verification"]
    done = await erase(site, subject=REFERENCE)
    assert done["certificate"]["rows"]["presentations"] == 1
    assert (await result(site, {"presentation_id": presentation}))["credentials"] == []
    assert (await site.api("GET", f"/verification-reports/{presentation}"))[0] == 404
    assert (await result(site, {"presentation_id": other}))["credentials"][0]["claims"] == DISCLOSED


async def test_what_is_linked_between_an_erasures_request_and_its_approval_goes_too(site: Site) -> None:
    presentation = await presented(site)
    await alice(site)
    _, asked = await site.api("POST", "/erasure-requests", {"subject": REFERENCE})
    path = f"/presentation-requests/{presentation}/subject"
    assert (await site.api("POST", path, {"subject": REFERENCE}))[0] == 204
    assert (await site.api("POST", f"/erasure-requests/{asked['id']}/approve", {}))[0] == 200
    assert (await result(site, {"presentation_id": presentation}))["credentials"] == []
