"""Bitstring Status List of ours: credentials of W3C formats registered in it, and verified by another tenant."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from protocols.jose.jwk import verify_signature
from protocols.ports import StatusReference
from tests.agent.operations.test_jwt_vc_json import TYPE, JwtHolder, claims_of, query
from tests.houses import Site
from tests.integrity import suites


async def configured(site: Site) -> None:
    assert (await site.api("POST", "/issuer-keys", {}))[0] == 201
    body = {
        "credential_configuration_id": "degree-bits",
        "format": "jwt_vc_json",
        "type": TYPE,
        "algorithm": "ES256",
        "schema": {"type": "object", "properties": {"degree": {"type": "object"}}},
        "claims": [{"path": ["degree"]}],
        "binding_methods": ["did:key", "did:jwk"],
        "proof_types": {"jwt": ["ES256", "EdDSA"]},
        "status": "bitstring_status_list",
    }
    status, made = await site.api("POST", "/credential-configurations", body)
    assert status == 201, made
    again = {**body, "credential_configuration_id": "degree-two"}
    assert (await site.api("POST", "/credential-configurations", again))[0] == 201
    other = {**body, "credential_configuration_id": "degree-three", "status": "token_status_list_cwt"}
    assert (await site.api("POST", "/credential-configurations", other))[0] == 422
    for _ in range(500):
        if "bitstring_status_list" in (await site.scope()).catalogue.status_registries:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("not configured")


@pytest.fixture
async def holder(site: Site) -> JwtHolder:
    await configured(site)
    return JwtHolder(site, "ES256")


async def answered(site: Site, holder: JwtHolder, credential: str, key: str | None = None) -> Any:
    site.house.cache.clear()
    status, made = await site.api("POST", "/presentation-requests", {"dcql_query": query()}, key)
    assert status == 201, made
    request = await holder.wallet.request(made["authorization_request_uri"])
    await holder.wallet.respond(
        request, {"badge": [holder.presentation(credential, request["client_id"], request["nonce"])]}
    )
    return (await site.api("GET", f"/presentation-requests/{made['presentation_id']}", key=key))[1]["state"]


async def test_a_credential_is_registered_revoked_and_refused_here_and_elsewhere(site: Site, holder: JwtHolder) -> None:
    credential = await holder.jwt("degree-bits")
    (issuer, entry) = (claims_of(credential)["iss"], claims_of(credential)["vc"]["credentialStatus"])
    assert entry["type"] == "BitstringStatusListEntry"
    assert entry["statusListCredential"] == f"{site.alpha.credential_issuer}/status-lists/2"
    beta = site.beta.api_key
    assert (await site.api("POST", "/trust-anchors", {"did": issuer, "name": "alpha"}, beta))[0] == 201
    assert await answered(site, holder, credential) == "verified"
    assert await answered(site, holder, credential, beta) == "verified"

    _, listed = await site.api("GET", "/credentials")
    (issued,) = [one["id"] for one in listed["items"] if one["format"] == "jwt_vc_json"]
    status, refusal = await site.api("POST", f"/credentials/{issued}/suspend", {"reason": "lost"})
    assert (status, refusal["code"]) == (409, "unsupported_status"), "the list has one bit for each"
    assert (await site.api("POST", f"/credentials/{issued}/revoke", {"reason": "lost"}))[0] == 200
    assert await answered(site, holder, credential) == "refused"

    mechanism = site.house.plugins["status_mechanisms"]["bitstring_status_list"]
    site.house.cache.clear()
    headers = {"Accept": "application/vc+jwt"}
    async with site.session.get(entry["statusListCredential"], headers=headers) as answer:
        token = await answer.read()
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/vc+jwt")
    opened = mechanism.open(token, entry["statusListCredential"], datetime.now(UTC))
    key = (await site.scope()).catalogue.key("issuer").jwk
    assert verify_signature(key, opened.algorithm, opened.signing_input, opened.signature)
    assert opened.signer.issuer == issuer
    assert mechanism.read(opened.content, int(entry["statusListIndex"])) == 1
    assert await answered(site, holder, credential, beta) == "refused"


def test_every_status_of_an_ldp_vc_counts() -> None:
    from plugins.credential_formats.ldp_vc import LdpVc
    from plugins.status_mechanisms.bitstring_status_list import BitstringStatusList
    from protocols.ports import PluginTools

    nothing: Any = None
    bits = BitstringStatusList(PluginTools({}, nothing, nothing))
    tools = PluginTools({}, nothing, nothing, {"cryptosuites": suites({}), "status_mechanisms": {bits.name: bits}})
    entries = [
        {
            "type": "BitstringStatusListEntry",
            "statusPurpose": purpose,
            "statusListIndex": "7",
            "statusListCredential": f"https://issuer.example/{purpose}",
        }
        for purpose in ("revocation", "suspension")
    ]
    found = LdpVc(tools)._status({"credentialStatus": [*entries, {"type": "Unheard"}]})
    assert found is not None
    assert [one.purpose for one in (found, *found.others)] == ["revocation", "suspension", "revocation"]
    assert found.others[1] == StatusReference("unknown", "", 0)
