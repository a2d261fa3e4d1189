"""Agents for the suite to look at: a tenant of this server behind the front, invited by the admin API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp.test_utils import RawTestServer

from agent.compose.house import House
from agent.compose.server import handler
from agent.operations.administering.create_tenant import create_tenant
from agent.scope.administering import CreateTenant
from conformance import target as targets
from tests.faults.agents import SLIPS, bugs
from tests.faults.astray import Astray
from tests.faults.between import Between


@dataclass(slots=True)
class Agents:
    """The front, what is planted behind it, and the target."""

    front: Between
    astray: Astray
    target: targets.Target

    def plant(self, check: str | None) -> None:
        self.front.plant(check)
        self.astray.plant(SLIPS.get(check or ""))


@asynccontextmanager
async def standing(house: House) -> AsyncIterator[Agents]:
    """The real server behind the front, in which one step at a time goes astray."""
    real = RawTestServer(handler(house))
    await real.start_server()
    astray = Astray(house)
    async with aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()) as session:
        between = Between(str(real.make_url("")).rstrip("/"), session, bugs(astray))
        front = RawTestServer(between, port=house.config.port)
        await front.start_server()
        try:
            with astray.patched():
                made = await create_tenant(await house.control(), CreateTenant("agent", "An agent"))
                house.cache.clear()
                yield Agents(between, astray, _target(house, made.api_key))
        finally:
            await front.close()
            await real.close()


def _target(house: House, key: str) -> targets.Target:
    """As docs/conformance.md has it, with the admin API for a door."""
    door: dict[str, Any] = {
        "url": f"{house.origin}/api/v1/didcomm/invitations",
        "headers": {"Authorization": f"Bearer {key}"},
        "uri": "url",
        "short": "short_url",
    }
    invited = {f"v{version}": {**door, "body": {"version": version}} for version in (1, 2)}
    host = house.origin.partition("://")[2].replace(":", "%3A")
    return targets.parse({"name": "agent", "didcomm": {"did": f"did:web:{host}:t:agent", **invited}})
