"""What is disclosed has to fit the schema of its type: the tenant's own, or one that the policy names."""

import time
from typing import Any

import pytest

from agent.operations.verifying.schemas import partial
from protocols.encoding import render_stable_json
from tests.agent.operations.test_verification_policies import draft, failed, in_force, shown
from tests.elsewhere import PERSON, Authority
from tests.houses import Site
from tests.verifying import ask, query
from tests.wallets import Wallet

HOUR = 3600
NOT_BY_SCHEMA = [("schema", "not_by_schema")]


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


def _line(found: dict[str, Any], name: str) -> dict[str, Any]:
    (line,) = [one for one in found["presentations"][0]["checks"] if one["check"] == name]
    return dict(line)


async def test_claims_that_do_not_fit_the_tenants_own_type_are_refused(site: Site, wallet: Wallet) -> None:
    other = Authority()
    await other.trusted(site, "issue")
    status, found = await shown(site, wallet, other.credential(wallet.key))
    assert (status, failed(found), _line(found, "schema")["result"]) == (200, [], "held")
    status, found = await shown(site, wallet, other.credential(wallet.key, {**PERSON, "given_name": ["Ada"]}))
    assert (status, found["errors"], failed(found)) == (400, ["not_by_schema"], NOT_BY_SCHEMA)
    line = _line(found, "schema")
    assert line["expected"] == {"type": "urn:eudi:pid:1", "of": "credential type"}
    assert line["detail"] == "/given_name: /properties/given_name/type"
    assert "Ada" not in str(line)


async def test_a_type_without_a_schema_has_no_line(site: Site, wallet: Wallet) -> None:
    other = Authority()
    await other.trusted(site, "issue")
    foreign = other.credential(wallet.key, {**PERSON, "given_name": 7}, vct="urn:other:1")
    made = await ask(site, query(meta={"vct_values": ["urn:other:1"]}))
    assert (await wallet.present(made["authorization_request_uri"], foreign, set(PERSON))).status == 200
    _, found = await site.api("GET", f"/verification-reports/{made['presentation_id']}")
    assert "schema" not in [one["check"] for one in found["presentations"][0]["checks"]]


async def test_a_policys_schema_is_asked_too_and_what_was_not_disclosed_is_no_fault(site: Site, wallet: Wallet) -> None:
    other = Authority()
    await other.trusted(site, "issue")
    schema = {
        "type": "object",
        "required": ["given_name", "birthdate"],
        "properties": {"given_name": {"enum": ["Ada", "Grace"]}, "family_name": True, "birthdate": True},
        "additionalProperties": False,
    }
    await in_force(site, schemas={"urn:eudi:pid:1": schema, "urn:other:1": {"type": "array"}})
    status, found = await shown(site, wallet, other.credential(wallet.key))
    assert (status, failed(found)) == (200, [])
    assert [one["expected"]["of"] for one in found["presentations"][0]["checks"] if one["check"] == "schema"] == [
        "credential type",
        "policy",
    ]
    status, found = await shown(site, wallet, other.credential(wallet.key, {**PERSON, "given_name": "Eve"}))
    assert (status, failed(found)) == (400, NOT_BY_SCHEMA)
    made = await draft(site, schemas={"urn:eudi:pid:1": {"properties": {"given_name": {"maxLength": 2}}}})
    _, trial = await site.api("POST", f"/verification-policies/{made['id']}/test", {})
    assert [one["refused"] for one in trial["items"]] == ["/given_name: /properties/given_name/maxLength"]


@pytest.mark.parametrize("schema", [{"type": 7}, {"$ref": "https://example.org/schema"}])
async def test_a_policys_schema_stands_alone(site: Site, schema: dict[str, Any]) -> None:
    status, refused = await site.api("POST", "/verification-policies", {"name": "x", "schemas": {"urn:a": schema}})
    assert (status, refused["errors"].keys()) == (422, {"schemas"})


_ADDRESS = {"type": "object", "properties": {"country": {"type": "string"}}, "required": ["locality"]}


@pytest.mark.parametrize(
    ("schema", "fits", "fails"),
    [
        ({"required": ["a"], "minProperties": 2, "dependentRequired": {"b": ["a"]}}, {"b": 1}, None),
        ({"properties": {"address": _ADDRESS}}, {"address": {}}, {"address": {"country": 7}}),
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"c": 1}, None),
        ({"oneOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"a": {"const": 2}}}]}, {"a": 2}, {"a": 3}),
        ({"not": {"required": ["a"]}}, {"b": 1}, None),
        ({"if": {"required": ["a"]}, "else": {"required": ["b"]}}, {"c": 1}, None),
        ({"properties": {"a": {"minItems": 2, "items": {"type": "string"}}}}, {"a": ["x"]}, {"a": [1]}),
        ({"properties": {"a": {"prefixItems": [{"const": 1}], "items": {"const": 2}}}}, {"a": [2]}, None),
        ({"properties": {"a": {"const": {"x": 1, "y": 2}}}}, {"a": {"x": 1}}, None),
        ({"properties": {"required": {"type": "string"}}}, {"required": "x"}, {"required": 1}),
        ({"$defs": {"t": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/t"}}}, {"a": "x"}, {"a": 1}),
        ({"properties": {"a": {"$ref": "#/not"}}, "not": {"type": "array"}}, {"a": 1}, None),
        (
            {"properties": {"a": {"contentEncoding": "base64", "pattern": "=$", "type": "string"}}},
            {"a": "_w"},
            {"a": 1},
        ),
    ],
)
def test_a_part_of_what_fits_fits(schema: dict[str, Any], fits: dict[str, Any], fails: dict[str, Any] | None) -> None:
    validator = partial(render_stable_json({"type": "object", **schema}))
    assert validator.is_valid(fits)
    assert not validator.is_valid([] if fails is None else fails)


async def test_a_mandatory_status_has_to_be_there_unless_the_credential_is_short_lived(
    site: Site, wallet: Wallet
) -> None:
    other = Authority()
    await other.trusted(site, "issue")
    now = int(time.time())
    endless, day, week = (
        other.credential(wallet.key, iat=now - 60, exp=end and now - 60 + end * HOUR) for end in (None, 24, 168)
    )
    for policy in ({}, {"revocation": "if_present"}, {"revocation": "best_effort"}, {"revocation": "off"}):
        await in_force(site, **policy)
        assert (await shown(site, wallet, endless))[0] == 200
    strict = await draft(site, revocation="mandatory")
    _, trial = await site.api("POST", f"/verification-policies/{strict['id']}/test", {})
    assert {one["refused"] for one in trial["items"]} == {"revocation"}
    await site.api("POST", f"/verification-policies/{strict['id']}/activate", {})
    for credential in (endless, day):
        status, found = await shown(site, wallet, credential)
        assert (status, failed(found)) == (400, [("policy_revocation", "not_by_policy")])
    await in_force(site, revocation="mandatory", short_lived_hours=24)
    status, found = await shown(site, wallet, day)
    assert (status, failed(found)) == (200, [])
    assert _line(found, "policy_revocation")["expected"] == {"status": True, "or_lives_hours": 24}
    undated = other.credential(wallet.key, iat=None, exp=now + HOUR)
    for credential in (endless, week, undated):
        status, found = await shown(site, wallet, credential)
        assert (status, failed(found)) == (400, [("policy_revocation", "not_by_policy")])
    status, refused = await site.api("POST", "/verification-policies", {"name": "x", "short_lived_hours": 24})
    assert (status, refused["errors"].keys()) == (422, {"short_lived_hours"})
