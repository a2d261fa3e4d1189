"""Peers of other vendors. They need Node and a C compiler; without those the tests say so and skip, but not under CI."""

import os
from collections.abc import AsyncIterator

import pytest

from tests.interop.credo.install import CannotInstall, install
from tests.interop.peers import CredoWallet


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
