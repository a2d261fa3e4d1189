"""Alpha, with an identity provider that a test bends, and people in front of browsers."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.courts import Court
from tests.openid_providers import Forger


@pytest.fixture
def settings() -> dict[str, Any]:
    """Identity providers of these tests are on loopback ports."""
    return {"fetch_allow": "localhost"}


@pytest_asyncio.fixture
async def forger() -> AsyncIterator[Forger]:
    async with Forger() as made:
        yield made


async def add(court: Court, provider: Forger, **changes: Any) -> dict[str, Any]:
    """The provider at alpha."""
    body = {
        "issuer": provider.issuer,
        "name": "The Office",
        "client_id": "chancery",
        "client_secret": "a secret of ours",
    }
    body = {name: one for name, one in (body | changes).items() if one is not None}
    status, added = await court.site.api("POST", "/identity-providers", body)
    assert status == 201, added
    court.site.house.cache.clear()
    return added
