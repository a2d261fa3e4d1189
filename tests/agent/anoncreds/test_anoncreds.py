"""AnonCreds between two tenants over a real door: alpha issues and verifies, beta holds; revocation included."""

import asyncio
import json
import time
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from agent.operations.verifying.anoncreds import VerifyAnonCreds, verify_presentation
from agent.scope.anoncreds import RegistryObject
from plugins.credential_exchanges.anoncreds import mathematics
from protocols.anoncreds import places
from protocols.ports import TrustAnchor
from protocols.ports.exchanges import NewDefinition
from tests.houses import Site

VALUES = {"name": "Erika", "age": "42"}
ASKED: dict[str, Any] = {
    "name": "who",
    "attributes": {"name": {"name": "name"}},
    "predicates": {"adult": {"name": "age", "p_type": ">=", "p_value": 18}},
}


class World:
    """Alpha's registry, and every step of the exchange, each open to change."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.base = f"{site.url}/t/alpha"

    async def alpha(self, path: str, body: Any, expect: int = 201) -> Any:
        status, answer = await self.site.api("POST", f"/anoncreds{path}", body)
        assert status == expect, answer
        return answer

    async def beta(self, path: str, body: Any, expect: int = 201) -> Any:
        status, answer = await self.site.api("POST", f"/anoncreds{path}", body, self.site.beta.api_key)
        assert status == expect, answer
        return answer

    async def found(self, keys: NewDefinition | None, capacity: int | None = 4) -> None:
        """A schema and a definition: with keys that were made before, as making them takes long, or made now."""
        schema = {"name": "person", "version": "1.0", "attributes": ["name", "age"]}
        self.schema = (await self.alpha("/schemas", schema))["identifier"]
        if keys is None:
            self.definition = await self.alpha("/definitions", {"schema_id": self.schema, "capacity": capacity})
            return
        public = {**keys.public, "issuerId": self.base, "schemaId": self.schema}
        if capacity is None:
            public["value"] = {"primary": keys.public["value"]["primary"]}
        scope = await self.site.scope()
        made = RegistryObject(uuid4(), "definition", json.dumps(public).encode(), keys.secret)
        async with scope.unit() as unit:
            await unit.anoncreds.publish(made)
            await unit.commit()
        self.definition = {"id": str(made.id), "identifier": f"{self.base}/anoncreds/definitions/{made.id}"}
        if capacity is not None:
            await self.alpha(f"/definitions/{made.id}/registries", {"capacity": capacity})

    async def issue(self) -> tuple[str, str]:
        """(the issuer's exchange, the holder's credential)"""
        offered = await self.alpha("/offers", {"definition": self.definition["id"], "values": VALUES})
        asked = await self.beta("/requests", {"offer": offered["offer"]})
        path = f"/offers/{offered['id']}/credential"
        credential = (await self.alpha(path, {"request": asked["request"]}, 200))["credential"]
        held = await self.beta(f"/requests/{asked['id']}/credential", {"credential": credential})
        return offered["id"], held["id"]

    async def ask(self, **changes: Any) -> Any:
        return await self.alpha("/presentation-requests", ASKED | changes)

    async def present(self, request: Any, held: str, expect: int = 200) -> Any:
        body = {"request": request["request"], "credentials": {"name": held, "adult": held}}
        return await self.beta("/presentations", body, expect)

    async def verify(self, request: Any, presentation: Any, expect: int = 200) -> Any:
        path = f"/presentation-requests/{request['id']}/presentation"
        return await self.alpha(path, {"presentation": presentation}, expect)


@pytest.fixture(scope="module")
def keys() -> NewDefinition:
    schema = {"issuerId": "https://a.example", "name": "person", "version": "1.0", "attrNames": ["name", "age"]}
    return mathematics.new_definition("https://a.example", "https://a.example/s", schema, "1", True)


async def until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.time()))


@pytest_asyncio.fixture
async def world(site: Site) -> World:
    return World(site)


async def test_a_credential_is_issued_held_presented_verified_and_revoked(world: World, keys: NewDefinition) -> None:
    await world.found(keys)
    exchange, held = await world.issue()
    (listed,) = (await world.site.api("GET", "/anoncreds/credentials", key=world.site.beta.api_key))[1]["items"]
    assert listed["values"] == VALUES
    # presented and verified, with proof that it is not revoked
    request = await world.ask(not_revoked_since=int(time.time()))
    presentation = (await world.present(request, held))["presentation"]
    assert "Erika" in str(presentation)
    assert "'42'" not in str(presentation)
    verdict = await world.verify(request, presentation)
    assert verdict == {"verified": True, "shown": {"name": {"name": "Erika"}, "adult": True}, "error": None}
    # once: the request is answered
    await world.verify(request, presentation, 404)
    # for another request it proves nothing
    other = await world.ask(not_revoked_since=int(time.time()))
    assert (await world.verify(other, presentation))["verified"] is False
    # a value that is not the one proved: the library's own verification believes this
    request = await world.ask()
    presentation = (await world.present(request, held))["presentation"]
    presentation["requested_proof"]["revealed_attrs"]["name"]["raw"] = "Max"
    assert (await world.verify(request, presentation))["error"] == "invalid_presentation"
    # no proof about revocation where one was asked for
    request = await world.ask(not_revoked_since=int(time.time()))
    silent = {name: value for name, value in request["request"].items() if name != "non_revoked"}
    presentation = (await world.present({"request": silent}, held))["presentation"]
    assert (await world.verify(request, presentation))["error"] == "invalid_presentation"
    # revoked: nothing can be proved of it any more, and an early proof is of another time
    request = await world.ask(not_revoked_since=int(time.time()))
    early = (await world.present(request, held))["presentation"]
    _, second = await world.issue()
    assert (await world.alpha("/revocations", {"exchanges": [exchange]}, 200))["revoked"] == [exchange]
    assert (await world.alpha("/revocations", {"exchanges": [exchange]}, 200))["revoked"] == []
    await until(early["identifiers"][0]["timestamp"] + 3)
    world.site.house.cache.clear()
    late = await world.ask(not_revoked_since=int(time.time()))
    assert (await world.present(late, held, 400))["code"] == "invalid_presentation"
    # who is not revoked still proves it, against the newest list
    presentation = (await world.present(late, second))["presentation"]
    assert presentation["identifiers"][0]["timestamp"] > early["identifiers"][0]["timestamp"]
    assert (await world.verify(late, presentation))["verified"] is True


async def test_a_proof_of_a_time_before_the_one_asked_for_is_refused(world: World, keys: NewDefinition) -> None:
    """The nonce is right, the proof holds, and the list was followed by another before the interval began."""
    await world.found(keys)
    exchange, held = await world.issue()
    await asyncio.sleep(1.1)
    issued = int(time.time())
    await world.alpha("/revocations", {"exchanges": [exchange]}, 200)
    await until(issued + 3)
    world.site.house.cache.clear()
    request = await world.ask(not_revoked_since=int(time.time()))
    backdated = {**request["request"], "non_revoked": {"from": issued - 1, "to": issued - 1}}
    presentation = (await world.present({"request": backdated}, held))["presentation"]
    assert (await world.verify(request, presentation))["error"] == "invalid_presentation"


async def test_of_two_revocations_at_once_both_are_in_the_newest_list(world: World, keys: NewDefinition) -> None:
    await world.found(keys)
    exchanges = [(await world.issue())[0] for _ in range(2)]
    answers = await asyncio.gather(*(world.alpha("/revocations", {"exchanges": [one]}, 200) for one in exchanges))
    assert sorted(one for answer in answers for one in answer["revoked"]) == sorted(exchanges)
    scope = await world.site.scope()
    async with scope.unit() as unit:
        run = await unit.anoncreds.exchange(UUID(exchanges[0]), "issuer")
        newest = await unit.anoncreds.status_list(run.registry, 2**40)
    assert sum(json.loads(newest)["revocationList"]) == 2


async def test_the_registry_is_served_as_it_was_published(world: World) -> None:
    await world.found(None, capacity=3)
    session = world.site.session
    async with session.get(world.definition["identifier"]) as answer:
        assert "immutable" in answer.headers["Cache-Control"]
        definition = await answer.json()
    assert (definition["issuerId"], definition["schemaId"]) == (world.base, world.schema)
    assert "revocation" in definition["value"]
    offered = await world.alpha("/offers", {"definition": world.definition["id"], "values": VALUES})
    asked = await world.beta("/requests", {"offer": offered["offer"]})
    path = f"/offers/{offered['id']}/credential"
    credential = (await world.alpha(path, {"request": asked["request"]}, 200))["credential"]
    # once for an offer
    await world.alpha(path, {"request": asked["request"]}, 404)
    registry = credential["rev_reg_id"]
    async with session.get(registry) as answer:
        value = (await answer.json())["value"]
    assert value["tailsLocation"] == places.tails(registry)
    async with session.get(value["tailsLocation"]) as answer:
        assert "immutable" in answer.headers["Cache-Control"]
        assert len(await answer.read()) == 2 + 128 * 7
    async with session.get(f"{registry}/status-list") as answer:
        assert answer.headers["Cache-Control"] == "public, max-age=10"
        newest = await answer.json()
    assert newest["revocationList"] == [0, 0, 0]
    async with session.get(places.status_list(registry, newest["timestamp"] - 1)) as answer:
        assert answer.status == 404
    for path in ("/anoncreds/schemas/x", "/anoncreds/secrets/1", f"/anoncreds/schemas/{world.definition['id']}"):
        async with session.get(world.base + path) as answer:
            assert answer.status == 404
    # places are counted: two indexes of three are handed out, then another registry is needed
    await world.issue()
    offered = await world.alpha("/offers", {"definition": world.definition["id"], "values": VALUES})
    asked = await world.beta("/requests", {"offer": offered["offer"]})
    path = f"/offers/{offered['id']}/credential"
    assert (await world.alpha(path, {"request": asked["request"]}, 409))["code"] == "registry_full"
    await world.alpha(f"/definitions/{world.definition['id']}/registries", {"capacity": 3})
    assert (await world.alpha(path, {"request": asked["request"]}, 200))["credential"]["rev_reg_id"] != registry


async def test_what_does_not_fit_is_refused(world: World, keys: NewDefinition) -> None:
    await world.found(keys, capacity=None)
    body = {"definition": world.definition["id"], "values": {"name": "Erika"}}
    assert (await world.alpha("/offers", body, 400))["code"] == "invalid_anoncreds"
    offered = await world.alpha("/offers", {**body, "values": VALUES})
    other = await world.alpha("/offers", {**body, "values": VALUES})
    asked = await world.beta("/requests", {"offer": offered["offer"]})
    crossed = await world.alpha(f"/offers/{other['id']}/credential", {"request": asked["request"]}, 400)
    assert crossed["code"] == "invalid_anoncreds"
    answer = await world.alpha(f"/offers/{offered['id']}/credential", {"request": asked["request"]}, 200)
    credential = answer["credential"]
    assert credential.get("rev_reg_id") is None
    changed = {**credential, "values": {**credential["values"], "name": {"raw": "Max", "encoded": "5"}}}
    path = f"/requests/{asked['id']}/credential"
    assert (await world.beta(path, {"credential": changed}, 400))["code"] == "invalid_anoncreds"
    held = (await world.beta(path, {"credential": credential}))["id"]
    await world.beta(path, {"credential": credential}, 404)
    # nobody of another tenant continues an exchange, or sees what is held
    await world.beta(f"/offers/{other['id']}/credential", {"request": asked["request"]}, 404)
    assert (await world.site.api("GET", "/anoncreds/credentials"))[1]["items"] == []
    # an issuer whom the verifier does not believe
    request = await world.beta("/presentation-requests", ASKED)
    presentation = (await world.present(request, held))["presentation"]
    path = f"/presentation-requests/{request['id']}/presentation"
    assert (await world.beta(path, {"presentation": presentation}, 200))["error"] == "untrusted_issuer"
    # and one whom it believes, for this schema alone or for all, not for another
    for types, error in ((frozenset({world.schema}), ""), (frozenset(), ""), (frozenset({"x"}), "untrusted_issuer")):
        request = await world.beta("/presentation-requests", ASKED)
        presentation = (await world.present(request, held))["presentation"]
        anchor = TrustAnchor("1", world.base, frozenset({"issue"}), types=types)
        scope = await world.site.scope(world.site.beta)
        scope = replace(scope, catalogue=replace(scope.catalogue, anchors=(anchor,)))
        found = await verify_presentation(scope, VerifyAnonCreds(UUID(request["id"]), presentation))
        assert (found.verified, found.error) == (not error, error)
    # a predicate that does not hold cannot be proved
    request = await world.ask(predicates={"adult": {"name": "age", "p_type": ">=", "p_value": 43}})
    assert (await world.present(request, held, 400))["code"] == "invalid_presentation"
    # noise
    for noise in ({}, {"identifiers": []}, {"identifiers": [{}], "requested_proof": {}, "proof": {}}):
        request = await world.ask()
        assert (await world.verify(request, noise))["verified"] is False
