"""A credential defined once: offered once, issued in four formats, and verified in each."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from protocols.ports import Binding
from tests.agent.operations.test_ldp_vc import Holder
from tests.houses import Site
from tests.integrity import finish

CLAIMS = {"degree": "Bachelor of Arts", "awarded": "2026-07-01", "grades": {"thesis": 1}}
DOCTYPE, NAMESPACE = "org.example.diploma.1", "org.example.diploma"
DEFINITION: dict[str, Any] = {
    "name": "diploma",
    "schema": {
        "type": "object",
        "properties": {
            "degree": {"type": "string", "maxLength": 200},
            "awarded": {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
            "grades": {"$ref": "#/$defs/grades"},
        },
        "$defs": {"grades": {"type": "object", "additionalProperties": {"type": "integer"}}},
        "required": ["degree"],
        "additionalProperties": False,
    },
    "claims": [{"path": ["degree"], "mandatory": True, "display": [{"name": "Degree", "locale": "en"}]}],
    "display": [{"name": "Diploma", "locale": "en"}],
    "lifetime": 86_400,
    "formats": {
        "dc+sd-jwt": {"type": "urn:example:diploma:1"},
        "mso_mdoc": {
            "type": DOCTYPE,
            "namespace": NAMESPACE,
            "names": {"degree": "degree_name", "awarded": "issue_date"},
        },
        "jwt_vc_json": {"type": "DiplomaCredential"},
        "ldp_vc": {"type": "DiplomaCredential"},
    },
}
PATHS: dict[str, list[str]] = {
    "dc+sd-jwt": ["degree"],
    "mso_mdoc": [NAMESPACE, "degree_name"],
    "jwt_vc_json": ["credentialSubject", "degree"],
    "ldp_vc": ["credentialSubject", "degree"],
}
META: dict[str, dict[str, Any]] = {
    "dc+sd-jwt": {"vct_values": ["urn:example:diploma:1"]},
    "mso_mdoc": {"doctype_value": DOCTYPE},
    "jwt_vc_json": {"type_values": [["DiplomaCredential"]]},
    "ldp_vc": {"type_values": [["DiplomaCredential"]]},
}


async def define(site: Site, **changes: Any) -> tuple[int, Any]:
    return await site.api("POST", "/credential-definitions", DEFINITION | changes)


async def defined(site: Site) -> list[str]:
    """The names of the configurations, which this process knows."""
    assert (await site.api("POST", "/issuer-keys", {}))[0] == 201
    status, made = await define(site)
    assert status == 201, made
    names: list[str] = made["credential_configuration_ids"]
    for _ in range(500):
        catalogue = (await site.scope()).catalogue
        if catalogue.configurations.keys() >= set(names) and len(catalogue.anchors) > 3:
            return names
        await asyncio.sleep(0.02)
    raise AssertionError("not defined")


async def obtained(site: Site, holder: Holder, names: list[str]) -> dict[str, Any]:
    """One offer of all configurations with claims as they were defined: each credential, by format."""
    wallet = holder.wallet
    body = {"credential_configuration_ids": names, "claims": CLAIMS}
    status, made = await site.api("POST", "/credential-offers", body)
    assert status == 201, made
    offer = await wallet.offer(made["credential_offer_uri"])
    assert offer["credential_configuration_ids"] == names
    issuer = offer["credential_issuer"]
    token, found = (await wallet.token(offer)).body["access_token"], {}
    for name in names:
        proof = holder.proof(issuer, await wallet.nonce(issuer))
        answer = await wallet.credential(issuer, token, {"jwt": [proof]}, name)
        assert answer.status == 200, (name, answer)
        found[name.removeprefix("diploma.")] = answer.body["credentials"][0]["credential"]
    return found


async def presented(site: Site, holder: Holder, kind: str, credential: Any) -> dict[str, Any]:
    path = PATHS[kind]
    claim = {"path": path, **({"intent_to_retain": False} if kind == "mso_mdoc" else {})}
    query = {"credentials": [{"id": "one", "format": kind, "meta": META[kind], "claims": [claim]}]}
    body = {"dcql_query": query, "response_mode": "direct_post"}
    status, made = await site.api("POST", "/presentation-requests", body)
    assert status == 201, made
    request = await holder.wallet.request(made["authorization_request_uri"])
    holds = site.house.plugins["credential_formats"][kind]
    binding = Binding(request["client_id"], request["nonce"], response_uri=request["response_uri"])
    prepared = finish(holds.disclose(credential, frozenset({tuple(path)}), binding, "ES256", datetime.now(UTC)))
    shown = holds.bind(prepared, holder.key.sign(prepared.payload))
    await holder.wallet.respond(request, {"one": [shown]})
    found: dict[str, Any] = (await site.api("GET", f"/presentation-requests/{made['presentation_id']}"))[1]
    return found


async def by_the_schema_that_it_names(site: Site, found: dict[str, Any]) -> None:
    """The credential names a schema of the tenant's, which is there for everybody and was asked."""
    named = found["credentials"][0]["claims"]["credentialSchema"]
    assert named["type"] == "JsonSchema"
    async with site.session.get(named["id"]) as answer:
        assert answer.status == 200
        served = await answer.json()
    assert served["properties"]["credentialSubject"]["required"] == ["degree"]
    _, report = await site.api("GET", f"/verification-reports/{found['presentation_id']}")
    (line,) = [one for one in report["presentations"][0]["checks"] if one["check"] == "credential_schema"]
    assert (line["result"], line["seen"]["id"]) == ("held", named["id"])


async def test_one_definition_is_offered_once_issued_in_four_formats_and_verified_in_each(site: Site) -> None:
    names, holder = await defined(site), Holder(site, "ES256")
    assert names == [f"diploma.{kind}" for kind in DEFINITION["formats"]]
    metadata = (await holder.wallet.metadata(site.alpha.credential_issuer))["credential_configurations_supported"]
    for kind, path in PATHS.items():
        (claim,) = metadata[f"diploma.{kind}"]["credential_metadata"]["claims"]
        assert (claim["path"], claim["mandatory"], claim["display"][0]["name"]) == (path, True, "Degree")
    credentials = await obtained(site, holder, names)
    for kind, credential in credentials.items():
        found = await presented(site, holder, kind, credential)
        assert found["state"] == "verified", (kind, found)
        value: Any = found["credentials"][0]["claims"]
        for name in PATHS[kind]:
            value = value[name]
        assert value == CLAIMS["degree"], kind
        if kind in ("jwt_vc_json", "ldp_vc"):
            await by_the_schema_that_it_names(site, found)
    # What one of them says of its status is its own affair.
    _, listed = await site.api("GET", "/credentials")
    assert {one["format"] for one in listed["items"]} == set(PATHS)
    for one in listed["items"]:
        assert (await site.api("POST", f"/credentials/{one['id']}/suspend", {}))[0] == 200, one["format"]
    site.house.cache.clear()
    for kind, credential in credentials.items():
        assert (await presented(site, holder, kind, credential))["state"] == "refused", kind


async def test_claims_are_those_of_the_definition_in_every_format(site: Site) -> None:
    names = await defined(site)
    for wrong in (
        {"awarded": "2026-07-01"},
        CLAIMS | {"degree": 1},
        CLAIMS | {"more": 1},
        {NAMESPACE: {"degree_name": "x"}},
    ):
        for name in names:
            body = {"credential_configuration_ids": [name], "claims": wrong}
            assert (await site.api("POST", "/credential-offers", body))[0] == 422, (name, wrong)


@pytest.mark.parametrize(
    "changes",
    [
        {"formats": {"paper": {"type": "x"}}},
        {"schema": {"type": "object"}},
        {"schema": DEFINITION["schema"] | {"oneOf": [{"required": ["degree"]}]}},
        {"formats": {"mso_mdoc": {"type": "x", "names": {"unheard": "y"}}}},
        {"formats": {"mso_mdoc": {"type": "x", "names": {"degree": "awarded"}}}},
        {"formats": {"dc+sd-jwt": {"type": "urn:a"}, "jwt_vc_json": {"type": "B", "algorithm": "ES512"}}},
    ],
)
async def test_a_definition_that_cannot_be_issued_makes_nothing(site: Site, changes: dict[str, Any]) -> None:
    status, _ = await define(site, **changes)
    assert status == 422, changes
    _, listed = await site.api("GET", "/credential-configurations")
    assert [one["credential_configuration_id"] for one in listed["items"]] == ["pid"]
