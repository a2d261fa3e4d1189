"""The resolver's door is shut until configuration opens it: an open one fetches for everybody."""

import json

import pytest

from agent.config import ConfigurationError, read
from tests.houses import Site


async def test_nobody_resolves_without_a_key_by_default(site: Site) -> None:
    async with site.session.get(f"{site.url}/1.0/identifiers/did:key:z6Mk") as answer:
        assert answer.status == 404
    status, body = await site.api("GET", "/identifiers/did:key:z6Mk")
    result = json.loads(body)
    assert (status, result["didResolutionMetadata"]["error"]["type"]) == (400, "https://www.w3.org/ns/did#INVALID_DID")
    assert (await site.api("GET", "/identifiers/did:key:z6Mk", key="nonsense"))[0] == 401


def test_the_door_is_off_or_public() -> None:
    assert read({"CHANCERY_DID_RESOLVER": "public"}).did_resolver == "public"
    with pytest.raises(ConfigurationError, match="DID_RESOLVER"):
        read({"CHANCERY_DID_RESOLVER": "open"})
