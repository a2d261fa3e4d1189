"""Verification policies: what they accept, which version decides, and how a draft is tried before it is in force."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import RawTestServer

from tests.elsewhere import Authority, Elsewhere
from tests.houses import Site, free_port
from tests.verifying import NAMES, ask, obtain, query, result
from tests.wallets import Wallet

PORT = free_port()
LIST = f"http://localhost:{PORT}/lists/1"
DAY = 86_400


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"fetch_allow": f"localhost:{PORT}"}


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


@pytest_asyncio.fixture
async def credential(site: Site, wallet: Wallet) -> str:
    return await obtain(site, wallet)


async def draft(site: Site, **rules: Any) -> dict[str, Any]:
    status, made = await site.api("POST", "/verification-policies", {"name": "default", **rules})
    assert status == 201, made
    return made


async def in_force(site: Site, **rules: Any) -> dict[str, Any]:
    return await draft(site, activate=True, **rules)


async def shown(site: Site, wallet: Wallet, credential: str, **body: Any) -> tuple[int, dict[str, Any]]:
    """(status for the wallet, the report)"""
    made = await ask(site, **body)
    status = (await wallet.present(made["authorization_request_uri"], credential, NAMES)).status
    _, found = await site.api("GET", f"/verification-reports/{made['presentation_id']}")
    return status, found


def failed(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (line["check"], line["error"])
        for one in found["presentations"]
        for line in one["checks"]
        if line["result"] == "failed"
    ]


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        ({"types": ["urn:other:1"]}, "policy_type"),
        ({"formats": ["mso_mdoc"]}, "policy_format"),
        ({"algorithms": ["EdDSA"]}, "policy_algorithm"),
        ({"claims": ["birthdate"]}, "policy_claims"),
        ({"claims": ["given_name.first"]}, "policy_claims"),
    ],
)
async def test_a_rule_that_does_not_hold_refuses_and_is_a_line(
    site: Site, wallet: Wallet, credential: str, rules: dict[str, Any], line: str
) -> None:
    policy = await in_force(site, **rules)
    status, found = await shown(site, wallet, credential)
    assert (status, found["errors"], failed(found)) == (400, ["not_by_policy"], [(line, "not_by_policy")])
    assert (found["policy"]["id"], found["policy"]["version"]) == (policy["id"], 1)
    # A line of its own, and nothing of it for the wallet.
    assert "status" in [one["check"] for one in found["presentations"][0]["checks"] if one["result"] == "not_made"]


async def test_rules_that_hold_are_lines_too(site: Site, wallet: Wallet, credential: str) -> None:
    rules = {"types": ["urn:eudi:pid:1"], "formats": ["dc+sd-jwt"], "algorithms": ["ES256"], "claims": ["given_name"]}
    await in_force(site, **rules, max_age_days=1)
    status, found = await shown(site, wallet, credential)
    assert (status, failed(found)) == (200, [])
    held = [one["check"] for one in found["presentations"][0]["checks"] if one["result"] == "held"]
    assert [name for name in held if name.startswith("policy_")] == [
        *("policy_format", "policy_type", "policy_algorithm", "policy_claims", "policy_age")
    ]


async def test_d21_a_credential_older_than_the_policy_allows_is_refused(site: Site, wallet: Wallet) -> None:
    other = Authority()
    await other.trusted(site, "issue")
    await in_force(site, max_age_days=30)
    fresh, old = (other.credential(wallet.key, iat=int(time.time()) - days * DAY) for days in (29, 31))
    assert (await shown(site, wallet, fresh))[0] == 200
    status, found = await shown(site, wallet, old)
    assert (status, failed(found)) == (400, [("policy_age", "not_by_policy")])
    status, found = await shown(site, wallet, other.credential(wallet.key, iat=None))
    assert (status, failed(found)) == (400, [("policy_age", "not_by_policy")])


async def test_an_issuer_is_believed_by_the_policys_trust_list_alone(
    site: Site, wallet: Wallet, credential: str
) -> None:
    other = Authority()
    await other.trusted(site, "issue")
    _, anchors = await site.api("GET", "/trust-anchors")
    (listed,) = [one for one in anchors["items"] if one["name"] == "elsewhere"]
    theirs = other.credential(wallet.key)
    assert (await shown(site, wallet, theirs))[0] == 200
    await in_force(site, trust_list=[listed["identifier"]])
    assert (await shown(site, wallet, theirs))[0] == 200
    status, found = await shown(site, wallet, credential)
    assert (status, failed(found)) == (400, [("issuer_key", "untrusted_issuer")])
    assert found["presentations"][0]["checks"][1]["expected"] == [listed["identifier"]]
    status, refused = await site.api("POST", "/verification-policies", {"name": "x", "trust_list": ["nobody"]})
    assert (status, refused["errors"].keys()) == (422, {"trust_list"})


async def test_f1_a_list_that_cannot_be_had_refuses_unless_the_policy_softens_it_and_is_reported(
    site: Site, wallet: Wallet, aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]
) -> None:
    other = Elsewhere(LIST)
    await other.authority.trusted(site, "issue", "status")
    good, revoked = (
        other.authority.credential(wallet.key, status={"status_list": {"idx": index, "uri": LIST}}) for index in (0, 1)
    )
    assert (await shown(site, wallet, good))[0] == 400
    await in_force(site, revocation="best_effort")
    status, found = await shown(site, wallet, good)
    assert status == 200
    (line,) = [one for one in found["presentations"][0]["checks"] if one["check"] == "status"]
    assert (line["result"], line["error"]) == ("warned", "status_unavailable")
    mandatory = await draft(site, revocation="mandatory")
    _, trial = await site.api("POST", f"/verification-policies/{mandatory['id']}/test", {})
    assert [one["refused"] for one in trial["items"]] == ["status: unavailable"]
    await aiohttp_raw_server(other.serve, port=PORT)
    assert (await shown(site, wallet, revoked))[0] == 400
    await in_force(site, revocation="off")
    status, found = await shown(site, wallet, revoked)
    assert status == 200
    assert found["presentations"][0]["checks"][-1]["seen"] == "not asked for by the policy"


async def test_the_version_a_request_was_made_under_decides(site: Site, wallet: Wallet, credential: str) -> None:
    first = await in_force(site, types=["urn:eudi:pid:1"])
    made = await ask(site)
    second = await in_force(site, types=["urn:other:1"])
    assert (first["version"], second["version"], second["state"]) == (1, 2, "active")
    assert (await wallet.present(made["authorization_request_uri"], credential, NAMES)).status == 200
    _, found = await site.api("GET", f"/verification-reports/{made['presentation_id']}")
    assert found["policy"]["version"] == 1
    assert (await shown(site, wallet, credential))[0] == 400
    _, listed = await site.api("GET", "/verification-policies")
    assert [(one["version"], one["state"]) for one in listed["items"]] == [(1, "retired"), (2, "active")]
    for policy in (first, second):
        status, _ = await site.api("POST", f"/verification-policies/{policy['id']}/activate", {})
        assert status == 409


async def test_a_request_names_its_policy(site: Site, wallet: Wallet, credential: str) -> None:
    await in_force(site, name="strict", types=["urn:other:1"])
    assert (await shown(site, wallet, credential))[0] == 200
    assert (await shown(site, wallet, credential, policy="strict"))[0] == 400
    status, refused = await site.api("POST", "/presentation-requests", {"dcql_query": query(), "policy": "none"})
    assert (status, refused["code"]) == (422, "unknown_policy")


async def test_a_draft_is_tried_against_what_was_accepted_and_changes_nothing(
    site: Site, wallet: Wallet, credential: str
) -> None:
    other = Authority()
    await other.trusted(site, "issue")
    theirs = other.credential(wallet.key)
    presented = [(await shown(site, wallet, one))[1]["presentation_id"] for one in (credential, theirs)]
    _, anchors = await site.api("GET", "/trust-anchors")
    (listed,) = [one for one in anchors["items"] if one["name"] == "elsewhere"]
    tries = {}
    for name, rules in {
        "all": {"types": ["urn:eudi:pid:1"]},
        "age": {"claims": ["birthdate"]},
        "trust": {"trust_list": [listed["identifier"]]},
    }.items():
        made = await draft(site, **rules)
        status, tries[name] = await site.api("POST", f"/verification-policies/{made['id']}/test", {"limit": 10})
        assert (status, tries[name]["tried"]) == (200, 2)
    assert [one["refused"] for one in tries.values()] == [0, 2, 1]
    (refused,) = tries["trust"]["items"]
    assert (refused["presentation_id"], refused["refused"]) == (presented[0], "trust")
    assert refused["checks"]["pid"][0]["result"] == "failed"
    assert (await shown(site, wallet, credential))[0] == 200
    status, _ = await site.api("POST", f"/verification-policies/{site.alpha.id}/test", {})
    assert status == 404


async def test_a_policy_that_keeps_claims_only_keeps_no_presentation(
    site: Site, wallet: Wallet, credential: str
) -> None:
    scope = await site.scope()
    for keep, kept in (("claims", False), ("presentation", True)):
        await in_force(site, keep=keep)
        status, found = await shown(site, wallet, credential)
        assert status == 200
        async with scope.unit() as unit:
            (newest,) = await unit.presentations.accepted(1)
        assert (newest.credentials[0]["presentation"] is not None) == kept
        assert (await result(site, found))["credentials"][0]["claims"].keys() == NAMES


async def test_a_policy_of_one_tenant_is_no_others(site: Site, wallet: Wallet, credential: str) -> None:
    made = await in_force(site, types=["urn:other:1"])
    key = site.beta.api_key
    _, listed = await site.api("GET", "/verification-policies", key=key)
    assert listed["items"] == []
    for verb in ("activate", "test"):
        status, _ = await site.api("POST", f"/verification-policies/{made['id']}/{verb}", {}, key=key)
        assert status == 404
