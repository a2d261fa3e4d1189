"""Bitstring Status List of ours: credentials of W3C formats registered in it, and verified by another tenant."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from agent import gather
from agent.gather.status import verify_list
from protocols.jose.jwk import verify_signature
from protocols.ports import Purpose, StatusList, StatusReference
from tests.agent.operations.test_jwt_vc_json import TYPE, JwtHolder, claims_of, query
from tests.houses import Site
from tests.integrity import suites

MESSAGES = ["issued", "printed", "posted", "collected"]


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
    purposes = {"status_purposes": ["revocation", "suspension", "message"], "status_messages": MESSAGES}
    every = {**body, "credential_configuration_id": "degree-every", **purposes}
    assert (await site.api("POST", "/credential-configurations", every))[0] == 201
    other = {**body, "credential_configuration_id": "degree-three"}
    for wrong in (
        {"status": "token_status_list_cwt"},
        {"status": "token_status_list", "status_purposes": ["suspension"]},
        {"status_purposes": ["message"]},
        {"status_purposes": ["message"], "status_messages": ["one", "two", "three"]},
        {"status_purposes": ["message"], "status_messages": ["other", "ones"]},
        {"status_messages": MESSAGES},
    ):
        assert (await site.api("POST", "/credential-configurations", other | wrong))[0] == 422, wrong
    for _ in range(500):
        if "bitstring_status_list/message" in (await site.scope()).catalogue.status_registries:
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


async def change(site: Site, credential: str, verb: str, **body: Any) -> tuple[int, Any]:
    return await site.api("POST", f"/credentials/{credential}/{verb}", {"reason": "test", **body})


async def listed(site: Site, entry: dict[str, Any], media_type: str = "application/vc+jwt") -> dict[str, Any]:
    """The credential that stands at a status entry's address."""
    site.house.cache.clear()
    async with site.session.get(entry["statusListCredential"], headers={"Accept": media_type}) as answer:
        assert (answer.status, answer.content_type) == (200, media_type)
        text = await answer.text()
    found: dict[str, Any] = json.loads(text) if text.startswith("{") else claims_of(text)
    return found


def value(site: Site, entry: dict[str, Any], credential: dict[str, Any]) -> int:
    mechanism = site.house.plugins["status_mechanisms"]["bitstring_status_list"]
    packed = mechanism.decode(credential["credentialSubject"]["encodedList"])
    reference = mechanism.reference(entry)
    content = StatusList(reference.uri, reference.bits or 1, packed, datetime.now(UTC))
    found: int = mechanism.read(content, reference.index)
    return found


async def test_a_credential_is_in_a_list_for_each_purpose_and_each_says_its_own(site: Site, holder: JwtHolder) -> None:
    credential = await holder.jwt("degree-every")
    entries = claims_of(credential)["vc"]["credentialStatus"]
    by_purpose = {one["statusPurpose"]: one for one in entries}
    assert list(by_purpose) == ["revocation", "suspension", "message"]
    assert len({one["statusListCredential"] for one in entries}) == 3
    message = by_purpose["message"]
    assert message["statusSize"] == 2
    assert [one["message"] for one in message["statusMessage"]] == MESSAGES
    assert [one["status"] for one in message["statusMessage"]] == ["0x0", "0x1", "0x2", "0x3"]

    async def said() -> list[int]:
        found = [(one, await listed(site, one)) for one in entries]
        assert [one["credentialSubject"]["statusPurpose"] for _, one in found] == list(by_purpose)
        return [value(site, one, credential) for one, credential in found]

    _, there = await site.api("GET", "/credentials")
    (issued,) = [one["id"] for one in there["items"]]
    for verb, body, expected, state in (
        ("suspend", {}, [0, 1, 0], "refused"),
        ("reinstate", {}, [0, 0, 0], "verified"),
        ("message", {"value": 3}, [0, 0, 3], "verified"),
        ("suspend", {}, [0, 1, 3], "refused"),
        ("revoke", {}, [1, 1, 3], "refused"),
    ):
        assert (await change(site, issued, verb, **body))[0] in (200, 204), verb
        assert await said() == expected, verb
        assert await answered(site, holder, credential) == state, verb
    assert (await change(site, issued, "message", value=4))[0] == 409, "no such message"


async def test_only_a_list_of_messages_says_one(site: Site, holder: JwtHolder) -> None:
    await holder.jwt("degree-bits")
    _, there = await site.api("GET", "/credentials")
    status, refusal = await change(site, there["items"][0]["id"], "message", value=1)
    assert (status, refusal["code"]) == (409, "unsupported_status")
    assert (await change(site, "0190b0de-0000-7000-8000-000000000000", "message", value=1))[0] == 404


@pytest.mark.parametrize("cryptosuite", ["eddsa-rdfc-2022", "ecdsa-jcs-2019"])
async def test_a_list_carries_a_proof_where_the_tenant_chose_a_cryptosuite(
    site: Site, holder: JwtHolder, cryptosuite: str
) -> None:
    for wrong in ("bbs-2023", "Ed25519Signature2020", "rot13-2022"):
        assert (await site.api("PATCH", "/issuer", {"status_list_cryptosuite": wrong}))[0] == 422, wrong
    assert (await site.api("PATCH", "/issuer", {"status_list_cryptosuite": cryptosuite}))[0] == 204
    credential = await holder.jwt("degree-bits")
    entry = claims_of(credential)["vc"]["credentialStatus"]
    found = await listed(site, entry, "application/vc")
    assert found["proof"]["cryptosuite"] == cryptosuite
    assert (await listed(site, entry, "application/json"))["id"] == entry["statusListCredential"]
    async with site.session.get(entry["statusListCredential"]) as answer:
        assert answer.content_type == "application/vc", "what the tenant chose is what one gets who asks for nothing"
    scope = await site.scope(site.beta)
    _, there = await site.api("GET", "/credentials")
    assert (await change(site, there["items"][0]["id"], "revoke"))[0] == 200
    revoked = await listed(site, entry, "application/vc")
    assert value(site, entry, revoked) == 1
    mechanism = site.house.plugins["status_mechanisms"]["bitstring_status_list"]
    opened = mechanism.open(json.dumps(revoked).encode(), entry["statusListCredential"], datetime.now(UTC))
    key = await gather.issuer_key(await site.scope(), opened.signer, Purpose.STATUS)
    await gather.finished(scope, verify_list(opened, key.jwk, scope.plugins["cryptosuites"]))
    assert (await listed(site, entry))["type"][1] == "BitstringStatusListCredential", "the JWT is there for who asks"


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
