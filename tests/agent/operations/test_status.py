"""Status lists of ours: changes, publication, caching, succession; abuse cases F6 to F9."""

import asyncio
import gzip
import itertools
import json
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from agent import gather
from agent.operations.issuing.status_places import StatusPlaces
from agent.storage.database import open_pool
from agent.workers.publication import Publication
from plugins.status_mechanisms.token_status_list import TokenStatusList
from protocols.encoding import parse_b64url
from protocols.jose.jwk import verify_signature
from protocols.ports import PluginTools, StatusList, StatusReference
from protocols.status_list import inflate
from tests.houses import Site
from tests.wallets import HolderKey, Wallet, claims_of

_nothing: Any = None
mechanism = TokenStatusList(PluginTools({}, _nothing, _nothing))


@pytest.fixture
def wallet(site: Site) -> Wallet:
    return Wallet(site.session)


async def issue(site: Site, key: str | None = None) -> tuple[dict[str, Any], str]:
    """(claims of a fresh credential, its id)."""
    status, made = await site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]}, key)
    assert status == 201, made
    answer = await Wallet(site.session, HolderKey()).obtain(made["credential_offer_uri"])
    _, found = await site.api("GET", f"/credential-offers/{made['issuance_id']}", key=key)
    return claims_of(answer.body["credentials"][0]["credential"].split("~")[0]), found["credentials"][0]


@pytest_asyncio.fixture
async def issued(site: Site) -> tuple[dict[str, Any], str]:
    return await issue(site)


async def fetch(site: Site, uri: str, **headers: str) -> tuple[int, Any, bytes]:
    plain = {"Accept-Encoding": "identity"}
    async with site.session.get(uri, headers=plain | headers, auto_decompress=False) as answer:
        return answer.status, answer.headers, await answer.read()


async def value(site: Site, claims: dict[str, Any]) -> int:
    """What the served list says of a credential, past every cache."""
    entry = claims["status"]["status_list"]
    site.house.cache.clear()
    status, _, token = await fetch(site, entry["uri"])
    assert status == 200, token
    content = claims_of(token.decode())["status_list"]
    packed = inflate(parse_b64url(content["lst"]))
    return mechanism.read(StatusList(entry["uri"], content["bits"], packed, _nothing), entry["idx"])


async def change(site: Site, verb: str, *credentials: str, **headers: Any) -> tuple[int, Any]:
    return await site.api("POST", f"/credentials/{verb}", {"credentials": list(credentials)}, **headers)


async def test_a_credential_is_suspended_reinstated_and_revoked(site: Site, issued: tuple[dict[str, Any], str]) -> None:
    claims, credential = issued
    for verb, said in (("suspend", 2), ("reinstate", 0), ("suspend", 2), ("revoke", 1)):
        assert await change(site, verb, credential) == (200, {"credentials": [credential]})
        assert await value(site, claims) == said


async def test_a_list_of_ours_is_read_by_its_own_mechanism_only(site: Site, issued: tuple[dict[str, Any], str]) -> None:
    """Bits are counted from the other end in a Bitstring Status List: another's value would be read."""
    entry, scope = issued[0]["status"]["status_list"], await site.scope()
    for name in ("token_status_list", "token_status_list_cwt"):
        await gather.require_status(scope, StatusReference(name, entry["uri"], entry["idx"]))
    for name in ("bitstring_status_list", "status_list_2021"):
        with pytest.raises(gather.StatusUnavailable):
            await gather.require_status(scope, StatusReference(name, entry["uri"], entry["idx"], purpose="revocation"))


async def test_f9_what_is_not_there_or_another_tenants_is_not_found(
    site: Site, issued: tuple[dict[str, Any], str]
) -> None:
    claims, credential = issued
    for verb in ("revoke", "suspend", "reinstate"):
        assert (await change(site, verb, "0190b0de-0000-7000-8000-000000000000"))[0] == 404
        assert (await change(site, verb, credential, key=site.beta.api_key))[0] == 404
    assert await value(site, claims) == 0


@pytest.mark.parametrize("verb", ["reinstate", "suspend", "revoke"])
async def test_f9_what_was_revoked_stays_revoked(site: Site, issued: tuple[dict[str, Any], str], verb: str) -> None:
    claims, credential = issued
    assert (await change(site, "revoke", credential))[0] == 200
    status, problem = await change(site, verb, credential)
    assert (status, problem["code"]) == (409, "invalid_status_change")
    assert await value(site, claims) == 1


async def test_f6_changes_at_once_leave_list_and_table_equal(site: Site) -> None:
    made = [await issue(site) for _ in range(4)]
    verbs = [(verb, one) for _, one in made for verb in ("suspend", "reinstate", "suspend", "revoke", "reinstate")]
    answers = await asyncio.gather(*(change(site, verb, one) for verb, one in verbs))
    assert all(status in (200, 409) for status, _ in answers)
    admin = await site.database.connect_admin()
    try:
        rows = await admin.fetch("SELECT id, status FROM agent.credentials WHERE role = 'issued'")
    finally:
        await admin.close()
    words = {str(row["id"]): row["status"] for row in rows}
    meaning = {"active": 0, "revoked": 1, "suspended": 2}
    assert [await value(site, claims) for claims, _ in made] == [meaning[words[one]] for _, one in made]


async def test_f7_neighbours_in_time_are_strangers_and_one_block_in_eight_is_nobodys(site: Site) -> None:
    scope = await site.scope()
    registry = scope.catalogue.status_registries["token_status_list"]
    places = await StatusPlaces("one").take(scope, registry, 3000)
    indexes = [place.index for place in places]
    assert len(set(indexes)) == 3000
    steps = {after - before for before, after in itertools.pairwise(indexes)}
    assert len(steps) > 2900, "no arithmetic sequence"
    async with scope.unit() as unit:
        decoys = await unit.status_lists.decoys(registry.id)
    assert decoys == [(1792, 256)]
    taken = {place.block for place in places}
    assert 7 not in taken


async def test_f8_two_processes_never_hand_out_one_place(site: Site) -> None:
    scope = await site.scope()
    registry = scope.catalogue.status_registries["token_status_list"]
    sources = [StatusPlaces(f"process {number}") for number in range(4)]
    found = await asyncio.gather(*(source.take(scope, registry, 700) for source in sources for _ in range(2)))
    indexes = [place.index for places in found for place in places]
    assert len(indexes) == len(set(indexes)) == 5600


async def test_f8_the_database_refuses_an_index_that_is_taken(site: Site, issued: tuple[dict[str, Any], str]) -> None:
    claims, _ = issued
    admin = await site.database.connect_admin()
    try:
        with pytest.raises(asyncpg.UniqueViolationError):
            await admin.execute(
                "INSERT INTO agent.status_list_entries (tenant_id, registry_id, idx, block_no, credential_id)"
                " SELECT tenant_id, registry_id, idx, block_no, gen_random_uuid() FROM agent.status_list_entries"
                " WHERE idx = $1",
                claims["status"]["status_list"]["idx"],
            )
    finally:
        await admin.close()


async def test_a_full_list_is_followed_by_the_next_and_still_served(
    site: Site, issued: tuple[dict[str, Any], str]
) -> None:
    claims, credential = issued
    admin = await site.database.connect_admin()
    try:
        await admin.execute("UPDATE agent.revocation_registries SET current_index = max_entries")
    finally:
        await admin.close()
    scope = await site.scope()
    registry = scope.catalogue.status_registries["token_status_list"]
    sources = [StatusPlaces(f"process {number}") for number in range(3)]
    found = await asyncio.gather(*(source.take(scope, registry, 5) for source in sources))
    uris = {place.registry.uri for places in found for place in places}
    assert uris == {f"{site.alpha.credential_issuer}/status-lists/2"}
    site.house.cache.clear()
    assert (await site.scope()).catalogue.status_registries["token_status_list"].uri in uris
    assert (await change(site, "revoke", credential))[0] == 200
    assert await value(site, claims) == 1, "the full list goes on"
    _, _, body = await fetch(site, f"{site.alpha.credential_issuer}/status-lists")
    assert json.loads(body) == {
        "status_lists": [f"{site.alpha.credential_issuer}/status-lists/{number}" for number in (1, 2)]
    }


async def test_a_change_is_published_by_the_worker(site: Site, issued: tuple[dict[str, Any], str]) -> None:
    _, credential = issued
    pool = await open_pool(site.database.dsn("maint"), 2, "agent_maint")
    try:
        assert (await change(site, "revoke", credential))[0] == 200
        await Publication(pool, site.house.scope_of)()
        assert await pool.fetchval("SELECT count(*) FROM agent.outbox WHERE topic = 'status_list.changed'") == 0
    finally:
        await pool.close()
    admin = await site.database.connect_admin()
    try:
        row = await admin.fetchrow(
            "SELECT r.published_version, (SELECT sum(version) FROM agent.status_list_shards s"
            " WHERE s.registry_id = r.id) AS version, t.token FROM agent.revocation_registries r"
            " JOIN agent.status_list_tokens t ON t.registry_id = r.id WHERE r.tenant_id = $1",
            site.alpha.id,
        )
    finally:
        await admin.close()
    assert row["published_version"] == row["version"] > 0
    assert claims_of(row["token"].decode())["ttl"] == 300


async def test_a_list_is_served_as_a_delivery_network_wants_it(site: Site, issued: tuple[dict[str, Any], str]) -> None:
    uri = issued[0]["status"]["status_list"]["uri"]
    status, headers, token = await fetch(site, uri, Accept="application/statuslist+jwt")
    assert (status, headers["Content-Type"]) == (200, "application/statuslist+jwt")
    assert headers["Cache-Control"] == "public, max-age=60"
    assert headers["Vary"] == "Accept, Accept-Encoding"
    assert headers["Last-Modified"].endswith("GMT")
    again, same, body = await fetch(site, uri, **{"If-None-Match": f'"other", {headers["ETag"]}'})
    assert (again, same["ETag"], body) == (304, headers["ETag"], b"")
    status, compressed, body = await fetch(site, uri, **{"Accept-Encoding": "gzip"})
    assert compressed["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == token
    assert claims_of(token.decode())["status_list"]["aggregation_uri"] == uri.rsplit("/", 1)[0]


async def test_a_list_of_another_time_is_answered_or_not_found(site: Site, issued: tuple[dict[str, Any], str]) -> None:
    claims, credential = issued
    uri = claims["status"]["status_list"]["uri"]
    _, _, before = await fetch(site, uri)
    issued_at = claims_of(before.decode())["iat"]
    assert (await change(site, "revoke", credential))[0] == 200
    assert await value(site, claims) == 1
    status, _, then = await fetch(site, f"{uri}?time={issued_at + 1}")
    assert (status, claims_of(then.decode())["iat"]) == (200, issued_at)
    assert (await fetch(site, f"{uri}?time={issued_at - 1000}"))[0] == 404
    assert (await fetch(site, f"{uri}?time=yesterday"))[0] == 400


@pytest.mark.parametrize(
    ("path", "accept", "expected"),
    [("/status-lists/9", "*/*", 404), ("/status-lists/1", "text/html", 406), ("/status-lists/1", "application/*", 200)],
)
async def test_a_list_that_is_not_there_or_not_in_that_form(site: Site, path: str, accept: str, expected: int) -> None:
    assert (await fetch(site, f"{site.alpha.credential_issuer}{path}", Accept=accept))[0] == expected


async def test_decoys_change_with_a_publication_and_touch_no_credential(
    site: Site, issued: tuple[dict[str, Any], str]
) -> None:
    claims, credential = issued
    scope = await site.scope()
    registry = scope.catalogue.status_registries["token_status_list"]
    await StatusPlaces("one").take(scope, registry, 2000)
    others = [await issue(site) for _ in range(2)]
    for verb in ("suspend", "reinstate") * 4:
        assert (await change(site, verb, credential))[0] == 200
        await value(site, claims)
    async with scope.unit() as unit:
        packed, _ = await unit.status_lists.bits(registry.id)
    status = StatusList(registry.uri, registry.bits, packed, _nothing)
    said = [index for index in range(registry.max_entries) if mechanism.read(status, index)]
    assert said, "after eight publications some decoys are set"
    assert await value(site, claims) == 0
    assert [await value(site, one) for one, _ in others] == [0, 0]


async def test_the_same_list_is_served_as_cwt_to_who_asks_for_it(
    site: Site, issued: tuple[dict[str, Any], str]
) -> None:
    """Both say the same after a change, and neither makes the other old."""
    claims, credential = issued
    entry, kind = claims["status"]["status_list"], "application/statuslist+cwt"
    cwt = site.house.plugins["status_mechanisms"]["token_status_list_cwt"]
    scope = await site.scope()
    await StatusPlaces("one").take(scope, scope.catalogue.status_registries["token_status_list"], 2000)
    for verb, expected in (("suspend", 2), ("reinstate", 0), ("revoke", 1)):
        assert (await change(site, verb, credential))[0] == 200
        assert await value(site, claims) == expected
        site.house.cache.clear()
        status, headers, token = await fetch(site, entry["uri"], Accept=f"{kind}, text/html;q=0.1")
        assert (status, headers["Content-Type"]) == (200, kind)
        opened = cwt.open(token, entry["uri"], datetime.now(UTC))
        assert opened.signer.kind == "x5c"
        leaf = scope.catalogue.key("issuer").jwk
        assert verify_signature(leaf, opened.algorithm, opened.signing_input, opened.signature)
        assert cwt.read(opened.content, entry["idx"]) == expected
        _, before, _ = await fetch(site, entry["uri"])
        site.house.cache.clear()
        _, after, _ = await fetch(site, entry["uri"])
        assert before["ETag"] == after["ETag"], "nothing new was said"
