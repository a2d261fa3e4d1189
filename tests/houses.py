"""A whole server in this process, with two tenants, and what a test asks of it."""

import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import RawTestServer

from agent.compose.house import House
from agent.compose.server import handler
from agent.config import Config
from agent.operations.administering.create_tenant import create_tenant
from agent.scope import Scope
from agent.scope.administering import CreatedTenant, CreateTenant
from agent.tenancy import WORKER
from tests.databases import Database

PERSON = {"given_name": "Erika", "family_name": "Mustermann", "birthdate": "1964-08-12"}
_PER_TENANT = {"samples": {"pid": PERSON}}


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Clock:
    """The time of a house, which a test moves on instead of waiting for it."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, **time: float) -> None:
        """So much time passes: `forward(seconds=61)`."""
        self.ahead += timedelta(**time)


@dataclass(frozen=True, slots=True)
class Site:
    """A running server: its house, two tenants `alpha` and `beta`, the operator's key, and a client session."""

    house: House
    url: str
    alpha: CreatedTenant
    beta: CreatedTenant
    operator_key: str
    session: aiohttp.ClientSession
    database: Database

    async def api(
        self, method: str, path: str, body: Any = None, key: str | None = None, **headers: str
    ) -> tuple[int, Any]:
        """One call of the admin API, as alpha's administrator unless another key is given; status and JSON."""
        headers = {"Authorization": f"Bearer {key or self.alpha.api_key}", **headers}
        arguments = {} if body is None else {"json": body}
        url = f"{self.url}/api/v1{path}"
        async with self.session.request(method, url, headers=headers, **arguments) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if answer.content_type.endswith("json") else text

    async def scope(self, tenant: CreatedTenant | None = None) -> Scope:
        """The world of a tenant, as a worker."""
        return await self.house.scope_of((tenant or self.alpha).name, WORKER)


@pytest.fixture
def settings() -> dict[str, Any]:
    """Settings that a test module overrides."""
    return {}


@pytest.fixture
def clock() -> Clock:
    """The clock of the house."""
    return Clock()


@pytest_asyncio.fixture
async def house(database: Database, tmp_path: Path, settings: dict[str, Any], clock: Clock) -> AsyncIterator[House]:
    """The composed house over a database of its own; no HTTP."""
    port = free_port()
    config = Config(home=tmp_path, port=port, database_url=database.dsn("app"), fetch_allow=f"localhost:{port}")
    async with House(replace(config, **settings), database.addresses, clock) as made:
        yield made


@pytest_asyncio.fixture
async def site(
    database: Database, house: House, aiohttp_raw_server: Callable[..., Awaitable[RawTestServer]]
) -> AsyncIterator[Site]:
    """The house behind its door, with two tenants."""
    operator = await house.found_system()
    assert operator is not None
    control = await house.control()
    alpha, beta = [
        await create_tenant(control, CreateTenant(name, name.title(), **_PER_TENANT)) for name in ("alpha", "beta")
    ]
    await aiohttp_raw_server(handler(house), port=house.config.port)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield Site(house, f"http://localhost:{house.config.port}", alpha, beta, operator, session, database)
