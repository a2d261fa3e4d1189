"""The front of all DID methods: what is asked once, what is not asked again, and what a flood costs."""

import asyncio
from typing import Any

import pytest

from agent.cache import dids as front_room
from agent.cache.dids import Allowance, DidFront
from protocols.did import DidDeactivated, DidDocument, DidNotFound, FeatureNotSupported, InvalidDid, Version


class Method:
    """A method that counts who asks it."""

    def __init__(self, method: str = "web", answer: Any = None, metadata: dict[str, Any] | None = None) -> None:
        self.method, self.answer, self.asked = method, answer, 0
        self.metadata = metadata or {}

    async def resolve(self, did: str) -> DidDocument:
        self.asked += 1
        await asyncio.sleep(0)
        if isinstance(self.answer, Exception):
            raise self.answer
        return DidDocument(did, {"id": did}, self.metadata)


class Versioned(Method):
    async def resolve_version(self, did: str, version: Version) -> DidDocument:
        self.metadata = {"versionId": version.id}
        return await self.resolve(did)


async def test_many_who_ask_at_once_are_one_question() -> None:
    method = Method()
    web = DidFront().over({"web": method})["web"]
    found = await asyncio.gather(*(web.resolve("did:web:a.example") for _ in range(50)))
    assert method.asked == 1
    assert len({id(one) for one in found}) == 1


@pytest.mark.parametrize("answer", [DidNotFound("x"), InvalidDid("x"), DidDeactivated({"deactivated": True})])
async def test_a_refusal_is_kept_for_a_while(answer: Exception) -> None:
    method = Method(answer=answer)
    web = DidFront().over({"web": method})["web"]
    for _ in range(5):
        with pytest.raises(type(answer)):
            await web.resolve("did:web:a.example")
    assert method.asked == 1


async def test_what_nobody_expected_is_not_kept() -> None:
    method = Method(answer=RuntimeError("bug"))
    web = DidFront().over({"web": method})["web"]
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await web.resolve("did:web:a.example")
    assert method.asked == 2


async def test_a_did_whose_controller_says_zero_is_asked_every_time() -> None:
    method = Method("webvh", metadata={"ttl": "0"})
    webvh = DidFront().over({"webvh": method})["webvh"]
    for _ in range(3):
        await webvh.resolve("did:webvh:scid:a.example")
    assert method.asked == 3


async def test_versions_are_kept_apart() -> None:
    method = Versioned()
    web = DidFront().over({"web": method})["web"]
    for name in ("1-a", "2-b", "1-a"):
        assert (await web.resolve_version("did:web:a.example", Version(id=name))).metadata == {"versionId": name}
    assert method.asked == 2
    with pytest.raises(FeatureNotSupported):
        await DidFront().over({"web": Method()})["web"].resolve_version("did:web:a.example", Version(id="1"))


async def test_a_method_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_room, "_DEADLINE", 0.02)

    class Silent(Method):
        async def resolve(self, did: str) -> DidDocument:
            await asyncio.Event().wait()
            raise AssertionError

    with pytest.raises(DidNotFound, match="in time"):
        await DidFront().over({"web": Silent()})["web"].resolve("did:web:a.example")


async def ask(web: Any, did: str) -> None:
    try:
        await web.resolve(did)
    except DidNotFound:
        return


async def test_l5_a_flood_of_kids_of_one_did_asks_once_and_of_one_host_a_few_times() -> None:
    method = Method(answer=DidNotFound("nothing there"))
    web = DidFront().over({"web": method})["web"]
    for number in range(300):
        await ask(web, f"did:web:evil.example:{number}")
    assert 1 < method.asked < 40
    before = method.asked
    await ask(web, "did:web:good.example")
    assert method.asked == before + 1


async def test_l5_a_flood_of_hosts_is_bounded_too() -> None:
    method = Method(answer=DidNotFound("nothing there"))
    web = DidFront().over({"web": method})["web"]
    for number in range(1500):
        await ask(web, f"did:web:evil{number}.example")
    assert method.asked < 400


async def test_l5_what_is_known_is_served_through_a_flood() -> None:
    method = Method()
    web = DidFront().over({"web": method})["web"]
    await web.resolve("did:web:good.example")
    for number in range(400):
        await ask(web, f"did:web:evil.example:{number}")
    assert (await web.resolve("did:web:good.example")).id == "did:web:good.example"


def test_an_allowance_fills_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(front_room.time, "monotonic", lambda: clock[0])
    allowance = Allowance(2, 1)
    assert [allowance.take("a") for _ in range(3)] == [True, True, False]
    assert allowance.take("b")
    clock[0] = 1.0
    assert [allowance.take("a") for _ in range(2)] == [True, False]


def test_a_plugin_of_many_methods_stands_for_each_that_has_no_own() -> None:
    class Many(Method):
        methods = frozenset({"ebsi", "web"})

    own, many = Method(), Many("universal")
    family = DidFront().over({"universal": many, "web": own})
    assert family["ebsi"].plugin is many
    assert family["web"].plugin is own
