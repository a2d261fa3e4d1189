"""AnonCreds with a holder and a verifier that are not ours: another version of the library, over HTTP."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from plugins.credential_exchanges.anoncreds import mathematics
from protocols.ports.exchanges import NewDefinition
from tests.agent.anoncreds.test_anoncreds import VALUES, World
from tests.houses import Site
from tests.interop.anoncreds_python.install import HERE, CannotInstall, install


class Peer:
    """The process, one command at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def __call__(self, op: str, **arguments: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"op": op, **arguments}).encode() + b"\n")
        await self._process.stdin.drain()
        return dict(json.loads(await asyncio.wait_for(self._process.stdout.readline(), 60)))


@pytest_asyncio.fixture
async def peer() -> AsyncIterator[Peer]:
    try:
        python = await asyncio.to_thread(install)
    except CannotInstall as refusal:
        if os.environ.get("CI") == "true":
            pytest.fail(str(refusal))
        pytest.skip(str(refusal))
    process = await asyncio.create_subprocess_exec(
        python,
        str(HERE / "peer.py"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=10**7,
    )
    yield Peer(process)
    process.kill()
    await process.wait()


@pytest.fixture(scope="module")
def keys() -> NewDefinition:
    schema = {"issuerId": "https://a.example", "name": "person", "version": "1.0", "attrNames": ["name", "age"]}
    return mathematics.new_definition("https://a.example", "https://a.example/s", schema, "1", True)


async def test_an_older_library_holds_presents_and_verifies_what_we_issue(
    site: Site, peer: Peer, keys: NewDefinition
) -> None:
    world = World(site)
    await world.found(keys)
    offered = await world.alpha("/offers", {"definition": world.definition["id"], "values": VALUES})
    asked = await peer("request", offer=offered["offer"])
    path = f"/offers/{offered['id']}/credential"
    issued = await world.alpha(path, {"request": asked["request"]}, 200)
    assert await peer("receive", credential=issued["credential"]) == {"values": VALUES}
    # what it presents, we verify
    now = int((await site.scope()).now().timestamp())
    request = await world.ask(not_revoked_since=now)
    shown = (await peer("present", request=request["request"]))["presentation"]
    verdict = await world.verify(request, shown)
    assert verdict == {"verified": True, "shown": {"name": {"name": "Erika"}, "adult": True}, "error": None}
    # what our holder presents, it verifies, and for no other request
    _, held = await world.issue()
    # The library wants a list of the interval, where one that was in force when it began would do.
    request, other = [await world.ask(not_revoked_since=now - 600) for _ in range(2)]
    ours = (await world.present(request, held))["presentation"]
    assert await peer("verify", request=request["request"], presentation=ours) == {"verified": True}
    assert (await peer("verify", request=other["request"], presentation=ours)).get("verified") is not True
    # what was revoked it cannot prove any more
    assert (await world.alpha("/revocations", {"exchanges": [offered["id"]]}, 200))["revoked"] == [offered["id"]]
    await asyncio.sleep(3)  # by then the list before it is in force in no interval that is asked for
    site.house.cache.clear()
    late = await world.ask(not_revoked_since=int((await site.scope()).now().timestamp()))
    refused = await peer("present", request=late["request"])
    if "presentation" in refused:  # it may keep the list that it fetched before
        assert (await world.verify(late, refused["presentation"]))["verified"] is False
