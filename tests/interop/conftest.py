"""Peers of other vendors. They need Node and a C compiler; without those the tests say so and skip, but not under CI."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.interop.credo.install import CannotInstall, install
from tests.interop.peers import CredoWallet
from tests.interop.server import Commands, Server
from tests.interop.story import Tenant


@pytest.fixture(scope="session")
def credo_installed() -> None:
    try:
        install()
    except CannotInstall as refusal:
        if os.environ.get("CI") == "true":
            pytest.fail(str(refusal))
        pytest.skip(str(refusal))


@pytest.fixture
async def credo_wallet(credo_installed: None) -> AsyncIterator[CredoWallet]:
    """A wallet with an empty store."""
    async with CredoWallet() as wallet:
        yield wallet


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server() -> AsyncIterator[Server]:
    """A server as `make run` starts it."""
    async with Server() as server:
        yield server


@pytest.fixture
async def tenant(server: Server) -> Tenant:
    """The demo tenant."""
    return Tenant(server.commands, f"{server.url}/t/demo", (await server.commands("ca"))["pem"])


@pytest.fixture
async def other_tenant(server: Server, tmp_path: Path) -> Tenant:
    """A second tenant of the same server, which shares nothing with the first."""
    name = f"other-{os.urandom(4).hex()}"
    made = await server.commands("tenant", "create", name)
    commands = Commands(server.home, {"CHANCERY_URL": server.url, "CHANCERY_API_KEY": made["api_key"]})
    return Tenant(commands, f"{server.url}/t/{name}", (await commands("ca"))["pem"])
