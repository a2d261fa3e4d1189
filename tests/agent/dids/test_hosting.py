"""A tenant's did:webvh from its making to its end, over a real door, resolved as the world resolves it."""

from typing import Any
from urllib.parse import quote

import pytest

from agent.cache.dids import FrontedMethod
from plugins.did_methods.did_webvh import DidWebvh
from protocols.did import DidDeactivated, InvalidDid, Version
from protocols.did import keys as keys_of
from protocols.ports import PluginTools
from tests.houses import Site


@pytest.fixture
def settings() -> dict[str, Any]:
    return {
        "did_resolver": "public",
        "plugin_settings": (("WEB_PLAIN_HTTP", "localhost"), ("WEBVH_PLAIN_HTTP", "localhost")),
    }


async def make(site: Site, place: str = "main", key: str | None = None, **body: Any) -> dict[str, Any]:
    status, made = await site.api("POST", "/dids", {"place": place, **body}, key)
    assert status in (201, 202), made
    return made


async def change(site: Site, made: dict[str, Any], key: str | None = None, **body: Any) -> dict[str, Any]:
    status, changed = await site.api("PATCH", f"/dids/{made['id']}", body, key)
    assert status in (201, 202), changed
    return changed


def fresh(site: Site) -> DidWebvh:
    """A resolver without a cache."""
    return DidWebvh(PluginTools({"plain_http": "localhost"}, site.house.fetch, site.house.sandbox))


async def text(site: Site, path: str) -> tuple[int, str]:
    async with site.session.get(f"{site.url}/t/alpha{path}") as answer:
        return answer.status, await answer.text()


async def test_a_did_is_made_and_resolved(site: Site) -> None:
    service = {"id": "#shop", "type": "LinkedDomains", "serviceEndpoint": "https://shop.example"}
    made = await make(site, services=[service], web=True, also_known_as=["https://alpha.example"])
    found = await fresh(site).resolve(made["did"])
    assert made["did"].endswith(":t:alpha:dids:main")
    assert found.metadata["versionId"] == made["version_id"]
    assert len(keys_of(found, "assertionMethod")) == 1
    assert keys_of(found, "keyAgreement")
    assert found.document["service"][0]["id"] == f"{made['did']}#shop"
    status, web = await text(site, "/dids/main/did.json")
    assert status == 200
    assert f'"id":"did:web:localhost%3A{site.house.config.port}:t:alpha:dids:main"' in web
    assert made["did"] in web
    resolved = await site.house.plugins["did_methods"]["web"].resolve(
        f"did:web:localhost%3A{site.house.config.port}:t:alpha:dids:main"
    )
    assert keys_of(resolved, "assertionMethod")


async def test_another_tenant_cannot_take_or_change_it(site: Site) -> None:
    made = await make(site)
    assert (await site.api("POST", "/dids", {"place": "main"}))[0] == 409
    await make(site, key=site.beta.api_key)
    status, refusal = await site.api("PATCH", f"/dids/{made['id']}", {"rotate": True}, site.beta.api_key)
    assert (status, refusal["code"]) == (404, "notFound")
    assert (await site.api("GET", "/dids"))[1]["items"][0]["did"] == made["did"]


@pytest.mark.parametrize("pre_rotation", [True, False])
async def test_it_is_updated_rotated_and_ended(site: Site, pre_rotation: bool) -> None:
    made = await make(site, pre_rotation=pre_rotation)
    first = await site.house.scope_of("alpha", (await site.scope()).principal)
    async with first.unit() as unit:
        begun = set(await unit.dids.keys((await unit.dids.at("main")).id))
    updated = await change(site, made, also_known_as=["https://alpha.example"])
    rotated = await change(site, made, rotate=True)
    async with first.unit() as unit:
        held = set(await unit.dids.keys((await unit.dids.at("main")).id))
    assert not begun & held
    assert updated["version_id"].startswith("2-")
    assert rotated["version_id"].startswith("3-")
    resolver = fresh(site)
    assert (await resolver.resolve(made["did"])).metadata["versionId"] == rotated["version_id"]
    second = await resolver.resolve_version(made["did"], Version(id=updated["version_id"]))
    assert second.document["alsoKnownAs"] == ["https://alpha.example"]
    assert (await resolver.resolve_version(made["did"], Version(number="1"))).metadata["versionId"] == made[
        "version_id"
    ]
    await change(site, made, deactivate=True)
    with pytest.raises(DidDeactivated):
        await resolver.resolve(made["did"])
    former = await resolver.resolve_version(made["did"], Version(id=rotated["version_id"]))
    assert former.metadata["deactivated"] is True
    status, refusal = await site.api("PATCH", f"/dids/{made['id']}", {"rotate": True})
    assert (status, refusal["code"]) == (409, "conflict")
    assert (await text(site, "/dids/main/did.json"))[0] == 404


async def test_pre_rotation_begins_and_ends(site: Site) -> None:
    made = await make(site, pre_rotation=False)
    await change(site, made, pre_rotation=True)
    await change(site, made, ttl=60)
    await change(site, made, pre_rotation=False)
    last = await change(site, made, rotate=True)
    assert (await fresh(site).resolve(made["did"])).metadata["versionId"] == last["version_id"]


async def test_a_portable_did_moves_and_another_does_not(site: Site) -> None:
    made = await make(site, portable=True)
    moved = await change(site, made, move_to="https://new.example/ids")
    assert moved["did"].endswith(":new.example:ids")
    found = await fresh(site).resolve(made["did"])
    assert found.id == moved["did"]
    assert made["did"] in found.document["alsoKnownAs"]
    stays = await make(site, "stays")
    status, refusal = await site.api("PATCH", f"/dids/{stays['id']}", {"move_to": "https://new.example"})
    assert (status, refusal["code"]) == (400, "invalidDid")


async def test_nothing_is_published_before_enough_witnesses_approve_it(site: Site) -> None:
    _, beta = await site.api("GET", "/did-witness", key=site.beta.api_key)
    _, alpha = await site.api("GET", "/did-witness")
    made = await make(site, witnesses=[beta["witness"], alpha["witness"]], threshold=2)
    assert not made["published"]
    assert (await text(site, "/dids/main/did.jsonl"))[0] == 404
    approvals = []
    for key in (site.beta.api_key, site.alpha.api_key):
        status, approval = await site.api("POST", "/did-approvals", {"log": made["entry"]}, key)
        assert status == 201, approval
        approvals.append(approval["proof"])
    path = f"/dids/{made['id']}/approvals"
    for _ in range(2):  # the same witness twice is one witness
        assert (await site.api("POST", path, {"proof": approvals[0]}))[1]["published"] is False
    assert (await site.api("POST", path, {"proof": approvals[1]}))[1]["published"] is True
    assert (await fresh(site).resolve(made["did"])).metadata["versionId"] == made["version_id"]
    waiting = await change(site, made, ttl=60)
    assert not waiting["published"]
    assert (await fresh(site).resolve(made["did"])).metadata["versionId"] == made["version_id"]
    log = (await text(site, "/dids/main/did.jsonl"))[1] + waiting["entry"]
    for key in (site.beta.api_key, site.alpha.api_key):
        _, approval = await site.api("POST", "/did-approvals", {"log": log}, key)
        _, state = await site.api("POST", path, {"proof": approval["proof"]})
    assert state["published"] is True
    assert (await fresh(site).resolve(made["did"])).metadata["versionId"] == waiting["version_id"]
    status, refusal = await site.api("POST", path, {"proof": approvals[0]})
    assert (status, refusal["code"]) == (409, "conflict")


async def test_a_proof_by_no_witness_is_refused(site: Site) -> None:
    _, beta = await site.api("GET", "/did-witness", key=site.beta.api_key)
    made = await make(site, witnesses=[beta["witness"]], threshold=1)
    _, approval = await site.api("POST", "/did-approvals", {"log": made["entry"]})
    status, refusal = await site.api("POST", f"/dids/{made['id']}/approvals", {"proof": approval["proof"]})
    assert (status, refusal["code"]) == (400, "not_a_witness")
    _, right = await site.api("POST", "/did-approvals", {"log": made["entry"]}, site.beta.api_key)
    broken = {**right["proof"], "created": "2001-01-01T00:00:00Z"}
    status, refusal = await site.api("POST", f"/dids/{made['id']}/approvals", {"proof": broken})
    assert (status, refusal["code"]) == (400, "invalidDid")


async def test_a_witness_approves_no_second_history(site: Site) -> None:
    made = await make(site, pre_rotation=False)
    await change(site, made, ttl=60)
    lines = (await text(site, "/dids/main/did.jsonl"))[1].splitlines()
    await change(site, made, ttl=61)
    await change(site, made, ttl=62)
    site.house.dids.clear()
    status, refusal = await site.api("POST", "/did-approvals", {"log": "\n".join(lines)}, site.beta.api_key)
    assert (status, refusal["code"]) == (400, "not_the_next_version")


@pytest.mark.parametrize(
    "body",
    [
        {"place": "Main"},
        {"place": "a/b"},
        {"place": ".."},
        {"place": "main", "method": "key"},
        {"place": "main", "threshold": 1},
        {"place": "main", "witnesses": ["did:web:a.example"], "threshold": 1},
        {"place": "main", "witnesses": ["did:key:zDnaehfHR8Q5U7ckmLQfuZ3eGEypooJ46zzjRQ1AR9asDvdnv"], "threshold": 1},
        {"place": "main", "unknown": True},
    ],
)
async def test_a_did_that_cannot_be_is_refused(site: Site, body: dict[str, Any]) -> None:
    status, _ = await site.api("POST", "/dids", body)
    assert 400 <= status < 502
    assert (await site.api("GET", "/dids"))[1]["items"] == []


async def identify(site: Site, identifier: str, accept: str = "", query: str = "") -> tuple[int, str, Any, Any]:
    url = f"{site.url}/1.0/identifiers/{quote(identifier, safe='')}{query}"
    from yarl import URL

    headers = {"Accept": accept} if accept else {}
    async with site.session.get(URL(url, encoded=True), headers=headers, allow_redirects=False) as answer:
        body = await answer.json(content_type=None) if answer.status != 303 else None
        return answer.status, answer.content_type, body, answer.headers.get("Location")


async def test_everybody_resolves_where_the_door_is_open(site: Site) -> None:
    made = await make(site)
    status, media, result, _ = await identify(site, made["did"])
    assert (status, media) == (200, "application/did-resolution")
    assert result["didDocument"]["id"] == made["did"]
    assert result["didDocumentMetadata"]["versionId"] == made["version_id"]
    assert result["didResolutionMetadata"] == {"contentType": "application/did"}
    status, media, document, _ = await identify(site, made["did"], "application/did")
    assert (status, media, document["id"]) == (200, "application/did", made["did"])
    site.house.dids.clear()
    await change(site, made, deactivate=True)
    status, _, result, _ = await identify(site, made["did"])
    assert (status, result["didDocument"], result["didDocumentMetadata"]["deactivated"]) == (410, None, True)
    assert (await identify(site, made["did"], query=f"?versionId={made['version_id']}"))[0] == 410
    status, result = await site.api("GET", f"/identifiers/{quote(made['did'], safe='')}")
    assert status == 410


async def test_the_family_is_behind_the_front(site: Site) -> None:
    assert all(isinstance(one, FrontedMethod) for one in site.house.plugins["did_methods"].values())
    with pytest.raises(InvalidDid):
        await site.house.plugins["did_methods"]["webvh"].resolve("did:webvh:a:b")
